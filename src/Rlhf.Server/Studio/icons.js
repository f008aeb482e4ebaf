// Studio's own program knows a picture for each of Elsa's activities and one for all others. This says which of those others is which step; icons.css has the pictures.

import { activities, whenDrawn } from './drawn.js';

/** Marks the steps in the palette and on the canvas, now and whenever Studio draws. @param names of steps, by what the palette calls them */
export function markSteps(names) {
  const mark = (element, step) => {
    if (element.dataset.step === step) return;
    if (step) element.dataset.step = step;
    else delete element.dataset.step;
  };
  whenDrawn(() => {
    for (const item of document.querySelectorAll('[draggable=true]')) mark(item, names[item.textContent.trim()]);
    for (const [box, activity] of activities()) mark(box, /^Rlhf\.(\w+)$/.exec(activity.type)?.[1]);
  });
}
