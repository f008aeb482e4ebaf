// Studio's own program knows a picture for each of Elsa's activities and one for all others. This says which of those others is which step; icons.css has the pictures.

/** Marks the steps in the palette and on the canvas, now and whenever Studio draws. @param names of steps, by what the palette calls them */
export function markSteps(names) {
  const mark = (element, step) => {
    if (element.dataset.step === step) return;
    if (step) element.dataset.step = step;
    else delete element.dataset.step;
  };
  const look = () => {
    for (const item of document.querySelectorAll('[draggable=true]')) mark(item, names[item.textContent.trim()]);
    for (const box of document.querySelectorAll('elsa-activity-wrapper[activity-json]')) mark(box, stepOf(box.getAttribute('activity-json')));
  };
  let asked = false;
  // Once a frame, however much is drawn in it; and marks themselves are no news.
  new MutationObserver(() => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; look(); });
  }).observe(document.body, { subtree: true, childList: true, characterData: true, attributeFilter: ['activity-json'] });
}

function stepOf(json) {
  const type = /^Rlhf\.(\w+)$/.exec(typeOf(json));
  return type?.[1];
}

function typeOf(json) {
  try {
    return JSON.parse(json).type ?? '';
  } catch {
    return '';
  }
}
