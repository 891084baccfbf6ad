// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

// A navigation that turns into a download, and a page left while it still loads, end as "aborted": no fault of the site.
const EXPECTED_ABORT = 'net::ERR_ABORTED';

/**
 * Keep a browser to one site: requests to any other host (Moodle's MathJax comes from one) are not sent.
 *
 * @param {import('playwright-core').Page} page
 * @param {string} url address of the site
 */
export async function keepToSite(page, url) {
  const { origin } = new URL(url);
  await page.route(
    (address) => address.origin !== origin && address.protocol.startsWith('http'),
    (route) => route.abort('blockedbyclient'),
  );
}

/**
 * Collect what a browser complains about from now on, as far as the site is concerned.
 *
 * @param {import('playwright-core').Page} page
 * @param {string} url address of the site; what other hosts do or fail to do does not count
 * @returns {string[]} grows while the page is used: console errors, script exceptions, failed requests, answers >= 400
 */
export function collectComplaints(page, url) {
  const { origin } = new URL(url);
  const elsewhere = (address) => address.startsWith('http') && new URL(address).origin !== origin;
  const complaints = [];
  const complain = (address, text) => {
    if (!elsewhere(address)) {
      complaints.push(text);
    }
  };
  page.on('console', (message) => {
    if (message.type() === 'error') {
      complain(message.location().url, `console: ${message.text()} (${message.location().url})`);
    }
  });
  page.on('pageerror', (error) => complain('', `script: ${error.message}`));
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText ?? 'unknown';
    if (reason !== EXPECTED_ABORT) {
      complain(request.url(), `request: ${request.method()} ${request.url()}: ${reason}`);
    }
  });
  page.on('response', (response) => {
    if (response.status() >= 400) {
      complain(response.url(), `answer: ${response.status()} ${response.request().method()} ${response.url()}`);
    }
  });
  return complaints;
}
