// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors
//
// Take the picture of a running site: the page of a logged-in user, in a real browser.
//   node screenshot.mjs --url http://127.0.0.1:18080 --password-file /path --output docs/pictures/dashboard.png [--user admin] [--page /my/]

import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { readArguments, readSecret } from './lib/arguments.mjs';
import { withPage } from './lib/chromium.mjs';
import { keepToSite } from './lib/complaints.mjs';
import { SitePages } from './lib/site.mjs';

// A README is read over slow lines too.
const LARGEST_PICTURE = 200 * 1000;

const options = readArguments({
  url: {},
  user: { default: 'admin' },
  'password-file': {},
  page: { default: '/my/' },
  output: {},
});
mkdirSync(dirname(options.output), { recursive: true });
await withPage(async (page) => {
  await keepToSite(page, options.url);
  const site = new SitePages(page, options.url);
  await site.login(options.user, readSecret(options['password-file']));
  await site.open(options.page);
  await site.closeTours();
  // A site that polls never becomes idle; what has not arrived by then is not part of the picture.
  await page.waitForLoadState('networkidle', { timeout: 10_000 }).catch(() => {});
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: options.output });
});
const { size } = statSync(options.output);
if (size > LARGEST_PICTURE) {
  throw new Error(`${options.output} has ${size} bytes; more than ${LARGEST_PICTURE} is too much for a README.`);
}
console.log(`${options.output}: ${size} bytes`);
