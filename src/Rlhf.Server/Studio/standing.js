// Keeps what stands above Studio as the server knows it, as long as it can change.

const LOOK = 2000;

async function look() {
  const { source } = document.getElementById('standing').dataset;
  if (!source) return;
  // Who does not look needs no news; a look that fails is made again.
  if (!document.hidden) await refresh(source).catch(() => {});
  setTimeout(look, LOOK);
}

async function refresh(source) {
  const answer = await fetch(source, { redirect: 'error' });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('standing');
  const shown = document.getElementById('standing');
  if (fresh.outerHTML === shown.outerHTML) return;
  // Whether there is something to retry or to cancel is another page.
  if (fresh.querySelector('strong').textContent !== shown.querySelector('strong').textContent) await buttons();
  shown.replaceWith(fresh);
}

async function buttons() {
  const answer = await fetch(location.href, { redirect: 'error' });
  const fresh = answer.ok && new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('actions');
  if (fresh) document.getElementById('actions').replaceWith(fresh);
}

setTimeout(look, LOOK);
