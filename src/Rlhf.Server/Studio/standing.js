// Keeps what stands above Studio as the server knows it, as long as it can change.

const LOOK = 2000;

let next = setTimeout(look, LOOK);
// Studio's document says so as soon as it has changed something.
addEventListener('studio-changed', look);

async function look() {
  clearTimeout(next);
  const { source } = document.getElementById('standing').dataset;
  if (!source) return;
  // Who does not look needs no news; a look that fails is made again.
  if (!document.hidden) await refresh(source).catch(() => {});
  clearTimeout(next);
  next = setTimeout(look, LOOK);
}

async function refresh(source) {
  const answer = await fetch(source, { redirect: 'error' });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('standing');
  const shown = document.getElementById('standing');
  // What somebody opened stays open.
  for (const { id } of shown.querySelectorAll('details[open]')) fresh.querySelector(`#${id}`)?.setAttribute('open', '');
  if (fresh.outerHTML === shown.outerHTML) return;
  // Whether there is something to retry, to cancel or to answer is another page.
  if (standOf(fresh) !== standOf(shown)) await buttons();
  shown.replaceWith(fresh);
}

function standOf(standing) {
  return [standing.querySelector('strong'), ...standing.querySelectorAll('[data-checkpoint]')].map(e => e.textContent).join();
}

async function buttons() {
  const answer = await fetch(location.href, { redirect: 'error' });
  const fresh = answer.ok && new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('actions');
  if (fresh) document.getElementById('actions').replaceWith(fresh);
}
