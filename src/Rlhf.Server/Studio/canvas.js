// Studio opens a workflow at its middle, which of a long one is often an empty place. This goes to where one wants to look first, and not after a person has gone elsewhere.

/** @param chosen answers which of the ids of activities on the canvas is looked at first; undefined: the one furthest to the left */
export function openAt(chosen) {
  let isTouched = false;
  for (const touch of ['pointerdown', 'wheel', 'keydown']) document.addEventListener(touch, () => { isTouched = true; }, { capture: true, once: true, passive: true });
  const drawn = new MutationObserver(async () => {
    if (!document.querySelector('.x6-graph .x6-node')) return;
    drawn.disconnect();
    const graph = await graphOf();
    if (!graph) return;
    const nodes = graph.getNodes(), id = await chosen(nodes.map(n => n.id));
    const first = nodes.reduce((a, b) => (b.position().x < a.position().x ? b : a));
    await stay(graph, () => isTouched, () => (id ? graph.centerCell(graph.getCellById(id)) : graph.positionCell(first, 'left').translateBy(30, 0)));
  });
  drawn.observe(document.body, { subtree: true, childList: true });
}

// The module that Studio itself has loaded: it knows its canvas.
async function graphOf() {
  const address = performance.getEntriesByType('resource').find(r => /\/designer\.entry\.js($|\?)/.test(r.name))?.name;
  return address && Object.values((await import(address)).graphBindings)[0]?.graph;
}

// Studio goes to the middle when all is drawn, which takes it a moment, and again when its place or an instance that goes on changes.
async function stay(graph, isTouched, go) {
  const frame = () => new Promise(requestAnimationFrame);
  const place = () => `${graph.translate().tx} ${graph.translate().ty}`;
  let end = performance.now() + 5000;
  const isLive = () => graph.container.isConnected && !isTouched() && performance.now() < end;
  while (isLive() && place() === '0 0') await frame();
  end = performance.now() + 8000;
  for (let ours; isLive(); await frame()) {
    if (place() === ours) continue;
    go();
    ours = place();
  }
}
