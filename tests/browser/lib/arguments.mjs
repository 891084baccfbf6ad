// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/**
 * Read the command line of a browser script.
 *
 * @param {Record<string, {default?: string}>} options name -> default; a name without a default is required
 * @returns {Record<string, string>} one string per name
 * @throws {Error} with one sentence when an option is unknown or missing
 */
export function readArguments(options) {
  const spec = Object.fromEntries(Object.keys(options).map((name) => [name, { type: 'string' }]));
  const { values } = parseArgs({ options: spec, strict: true, allowPositionals: false });
  const missing = Object.keys(options).filter((name) => values[name] === undefined && options[name].default === undefined);
  if (missing.length > 0) {
    throw new Error(`Missing: ${missing.map((name) => `--${name}`).join(' ')}.`);
  }
  return Object.fromEntries(Object.keys(options).map((name) => [name, values[name] ?? options[name].default]));
}

/** The secret in a file, without the line end an editor adds. */
export function readSecret(path) {
  return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
}
