// Keeps a round's page as the server knows it, as long as it can change.

const LOOK = 2000;

async function look() {
  const { source } = document.getElementById('now').dataset;
  if (!source) return;
  // Who does not look needs no news; a look that fails is made again.
  if (!document.hidden) await refresh(source).catch(() => {});
  setTimeout(look, LOOK);
}

async function refresh(source) {
  const answer = await fetch(source, { redirect: 'error' });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('now');
  const shown = document.getElementById('now');
  if (fresh.outerHTML === shown.outerHTML) return;
  await Promise.all([...fresh.querySelectorAll('img')].map(loaded));
  // Whoever reads or has gone to a link stays where they are.
  const address = shown.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
  shown.replaceWith(fresh);
  if (address) [...fresh.querySelectorAll('a')].find(a => a.getAttribute('href') === address)?.focus({ preventScroll: true });
}

// A curve that grows does not flicker: the old one stays until the new one is there.
async function loaded(picture) {
  const shown = document.getElementById(picture.id);
  if (shown?.getAttribute('src') === picture.getAttribute('src')) return;
  const ahead = new Image();
  ahead.src = picture.getAttribute('src');
  await ahead.decode().catch(() => {});
}

setTimeout(look, LOOK);
