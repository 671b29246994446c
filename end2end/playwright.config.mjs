// How the end-to-end tests run: which browser, which projects, where the reports go.
import process from 'node:process';
import { defineConfig } from '@playwright/test';

// Chromium must not look for the internet: the tests run where there is none.
const quiet = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-gpu',
  '--disable-quic',
  '--disable-sync',
  '--no-first-run',
];
const isRoot = process.getuid?.() === 0;

export default defineConfig({
  testDir: '.',
  outputDir: 'out/results',
  timeout: 60_000,
  expect: { timeout: 5_000 },
  forbidOnly: Boolean(process.env.CI),
  fullyParallel: true,
  workers: 2,
  retries: 0,
  reporter: [['list'], ['json', { outputFile: 'out/report.json' }]],
  use: {
    browserName: 'chromium',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: isRoot ? [...quiet, '--no-sandbox'] : quiet,
    },
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
  },
  projects: [
    { name: 'hydrated', testIgnore: /\.nojs\.spec\.mjs$/ },
    // Pages without JavaScript: the files for it alone, and tests tagged @nojs, which must pass with it as well.
    { name: 'no-js', grep: /@nojs|\.nojs\.spec\.mjs/, use: { javaScriptEnabled: false } },
  ],
});
