// What the lint finds, marked on the canvas at the activity that it is about; studio.css has the look.

import { activities, whenDrawn } from './drawn.js';

/** @param ask answers what was found in the definition as it is saved: { activityId, message, severity } each @returns what asks again */
export function markFindings(ask) {
  let found = [];
  const look = () => {
    for (const [box, activity] of activities()) mark(box, found.filter(f => f.activityId === activity.id));
  };
  const refresh = async () => {
    found = await ask();
    look();
  };
  whenDrawn(look);
  refresh();
  return refresh;
}

function mark(box, findings) {
  const worst = findings.length === 0 ? '' : findings.some(f => f.severity === 'Error') ? 'error' : 'warning';
  const said = findings.map(f => f.message).join('\n');
  if ((box.dataset.finding ?? '') === worst && box.title === said) return;
  box.title = said;
  if (worst) box.dataset.finding = worst;
  else delete box.dataset.finding;
}
