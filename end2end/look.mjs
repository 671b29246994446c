// How a page looks to people: axe finds nothing, in light and dark, and nothing is wider than a telephone.
import { axeCheck, expect, test } from './fixtures.mjs';

export const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

/** Looks at what the page shows now, in all the ways in which people see it. */
export async function checkLook(page) {
  // axe looks at everything three times over: on a busy machine that takes a while.
  test.setTimeout(120_000);
  for (const [colorScheme, viewport] of [
    ['light', DESKTOP],
    ['dark', DESKTOP],
    ['light', PHONE],
  ]) {
    await test.step(`${colorScheme}, ${viewport.width} px`, async () => {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize(viewport);
      const { scrollWidth, clientWidth } = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.scrollingElement;
        return { scrollWidth, clientWidth };
      });
      expect.soft(scrollWidth, `wider than the window (${viewport.width} px)`).toBeLessThanOrEqual(clientWidth);
      await axeCheck(page, { soft: true });
    });
  }
}
