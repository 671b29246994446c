// Starts the wasm and brings the islands to life: after the first paint, which loading it would hold up.
const { root } = document.querySelector('script[data-root]').dataset;

async function start() {
  const wasm = fetch(`${root}/pkg/stockroom_bg.wasm`);
  const stockroom = await import(`${root}/pkg/stockroom.js`);
  await stockroom.default({ module_or_path: wasm });
  stockroom.hydrate();
  // What this build does not know, on a page that an earlier one has rendered, stays as it is.
  window.__hydrateIsland = (island, id) => stockroom[id]?.(island);
  for (const island of document.querySelectorAll('leptos-island')) {
    window.__hydrateIsland(island, island.dataset.component);
  }
}

(window.requestIdleCallback ?? setTimeout)(start);
