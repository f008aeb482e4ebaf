// What Studio draws comes and goes without a word.

/** Looks now and whenever something was drawn: once a frame, however much it was; what is marked is no news. */
export function whenDrawn(look) {
  let asked = false;
  new MutationObserver(() => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; look(); });
  }).observe(document.body, { subtree: true, childList: true, characterData: true, attributeFilter: ['activity-json'] });
  look();
}

/** The activities on the canvas, each with what Studio has for it. */
export function* activities() {
  for (const box of document.querySelectorAll('elsa-activity-wrapper[activity-json]')) {
    let activity = {};
    try {
      activity = JSON.parse(box.getAttribute('activity-json')) ?? {};
    } catch {
      // Studio is about to draw it.
    }
    yield [box, activity];
  }
}
