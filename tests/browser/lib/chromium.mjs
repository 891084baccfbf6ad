// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';

const BINARIES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

// Chromium talks to nobody but the site, and runs as root in a container, where its own sandbox cannot start.
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const VIEWPORT = { width: 1280, height: 800 };

/** Path of the browser: CHROMIUM names one, otherwise the first of BINARIES on PATH. */
export function findChromium(environment = process.env) {
  if (environment.CHROMIUM) {
    return environment.CHROMIUM;
  }
  const folders = (environment.PATH ?? '').split(delimiter).filter(Boolean);
  const candidates = BINARIES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const found = candidates.find(isExecutable);
  if (!found) {
    throw new Error('No Chromium found: install the package "chromium", or name a browser in CHROMIUM.');
  }
  return found;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Run `work` with a page of a browser that has an empty profile, and remove both afterwards.
 *
 * @param {(page: import('playwright-core').Page) => Promise<T>} work
 * @param {{timeout?: number}} options timeout: milliseconds that one step may take, default 30000
 * @returns {Promise<T>} what `work` returns
 * @template T
 */
export async function withPage(work, { timeout = 30_000 } = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'campus-moodle-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: findChromium(),
    headless: true,
    args: FLAGS,
    viewport: VIEWPORT,
    acceptDownloads: true,
    locale: 'en-GB',
  });
  try {
    context.setDefaultTimeout(timeout);
    return await work(context.pages()[0] ?? (await context.newPage()));
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}
