// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, campus.moodle contributors

import { basename } from 'node:path';

/** The pages of a site as a user goes through them. Works on Moodle and on the rehearsal payload. */
export class SitePages {
  /**
   * @param {import('playwright-core').Page} page
   * @param {string} url address of the site, without a slash at the end
   */
  constructor(page, url) {
    this.page = page;
    this.url = url.replace(/\/+$/, '');
  }

  async open(path) {
    const response = await this.page.goto(`${this.url}${path}`, { waitUntil: 'networkidle' });
    if (!response || response.status() >= 400) {
      throw new Error(`${path} answered ${response?.status() ?? 'nothing'}.`);
    }
    // Moodle's scripts change a new page: one puts another password field in the place of the first, without what a fast hand has
    // typed. What is still to do stands in this list.
    await this.page.waitForFunction(() => !globalThis.M?.util?.pending_js?.length);
  }

  /** Log in, and fail unless the dashboard belongs to a logged-in user. */
  async login(user, password) {
    await this.open('/login/index.php');
    await this.page.fill('#username', user);
    await this.page.fill('#password', password);
    await Promise.all([this.page.waitForURL((url) => !url.pathname.startsWith('/login/')), this.page.click('#loginbtn')]);
    await this.open('/my/');
    const exits = await this.page.locator('a[href*="/login/logout.php"]').count();
    if (exits === 0) {
      throw new Error(`The dashboard has no way to log out, so ${user} is not logged in.`);
    }
  }

  /** Close the introduction that Moodle shows to a new user on top of some pages, if there is one. */
  async closeTours() {
    const end = this.page.locator('[data-role="end"]:visible');
    const shown = await end.first().waitFor({ timeout: 5_000 }).then(() => true, () => false);
    if (shown) {
      await end.first().click();
      await end.first().waitFor({ state: 'hidden' });
    }
  }

  /** Put one local file among the user's private files. */
  async uploadPrivateFile(path) {
    await this.open('/user/files.php');
    const managers = await this.page.locator('.filemanager').count();
    await (managers > 0 ? this.#uploadWithFileManager(path) : this.#uploadWithForm(path));
  }

  async #uploadWithFileManager(path) {
    const manager = this.page.locator('.filemanager').first();
    await manager.locator('.fp-btn-add a, .fp-btn-add').first().click();
    const picker = this.page.locator('.file-picker').first();
    await picker.waitFor();
    const form = picker.locator('.fp-upload-form');
    if (!(await form.isVisible())) {
      await picker.locator('.fp-repo', { has: this.page.locator('img[src*="repository_upload"]') }).first().click();
    }
    await form.locator('input[type="file"]').setInputFiles(path);
    await picker.locator('.fp-upload-btn').click();
    await manager.locator('.fp-filename', { hasText: basename(path) }).first().waitFor();
    // The form is saved in the background; the page stays.
    await Promise.all([
      this.page.waitForResponse((response) => response.url().includes('core_form_dynamic_form')),
      this.page.locator('#id_submitbutton, [name="submitbutton"]').first().click(),
    ]);
  }

  async #uploadWithForm(path) {
    await this.page.locator('input[type="file"]').first().setInputFiles(path);
    const submit = this.page.locator('form:has(input[type="file"]) [type="submit"]').first();
    await Promise.all([this.page.waitForNavigation(), submit.click()]);
  }

  /**
   * Download one of the user's private files.
   *
   * @returns {Promise<string>} path of the downloaded copy; it goes away with the browser
   */
  async downloadPrivateFile(name) {
    await this.open('/user/files.php');
    const managers = await this.page.locator('.filemanager').count();
    if (managers > 0) {
      await this.page.locator('.filemanager .fp-file', { hasText: name }).first().locator('a').first().click();
    }
    const link = managers > 0 ? this.page.locator('.fp-select .fp-file-download') : this.page.locator('a', { hasText: name });
    const [download] = await Promise.all([this.page.waitForEvent('download'), link.first().click()]);
    return download.path();
  }
}
