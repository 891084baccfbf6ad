// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors
//
// A user's session in a real browser: log in, see the dashboard, upload a file, download it, compare the bytes.
// The last line of standard output is one JSON object:
//   {"steps": [...], "complaints": [...], "error": null | "..."}
// Exit status: 0 when every step went well and the browser complained about nothing, otherwise 1.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readArguments, readSecret } from './lib/arguments.mjs';
import { withPage } from './lib/chromium.mjs';
import { collectComplaints, keepToSite } from './lib/complaints.mjs';
import { SitePages } from './lib/site.mjs';

const sha256 = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');

async function session(page, options, report) {
  await keepToSite(page, options.url);
  report.complaints = collectComplaints(page, options.url);
  const site = new SitePages(page, options.url);
  const done = async (step) => {
    report.steps.push(step);
    await page.screenshot({ path: join(options.output, `${report.steps.length}-${step}.png`) });
  };

  try {
    await site.open('/');
    await done('front-page');
    await site.login(options.user, readSecret(options['password-file']));
    await done('dashboard');
    await site.uploadPrivateFile(options.file);
    await done('upload');
    const copy = await site.downloadPrivateFile(basename(options.file));
    if (sha256(copy) !== sha256(options.file)) {
      throw new Error('The downloaded file differs from the uploaded one.');
    }
    await done('download');
  } catch (error) {
    report.error = `${error.message} (at ${page.url()})`;
    await page.screenshot({ path: join(options.output, 'failed.png') });
  }
}

const options = readArguments({
  url: {},
  user: { default: 'admin' },
  'password-file': {},
  file: {},
  output: {},
});
mkdirSync(options.output, { recursive: true });
const report = { steps: [], complaints: [], error: null };
await withPage((page) => session(page, options, report));
console.log(JSON.stringify(report));
process.exitCode = report.error === null && report.complaints.length === 0 ? 0 : 1;
