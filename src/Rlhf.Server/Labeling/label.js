// The labeling page: which questions are in hand, and what a labeler says of them, by keys and buttons.

import { add, begin, call, connection, entries, flush, hurry, missed, post, reached, Refused, remove, takeBack } from './outbox.js';
import {
  element, foldGuidelines, guidelinesOf, isShown, nameOf, narrow, openComment, SAFETY, say, showBar, showOutbox, showOutcome, showQuestion, toggleDifferences, unqualified, unread, versionOf,
} from './view.js';

const IN_HAND = 3;
const { labeler, token } = element('question').dataset;

// ---- questions ----------------------------------------------------------------------------------------------------------------------------

const queue = [];
let current = null;
let given = []; // answers of this page, the last one last: what undo takes back
// A question that comes again on purpose does so ten answers later at the earliest; one that comes sooner was given before the server had its answer.
const SOON = 9;
let done = []; // the last questions that were answered or skipped here
let last = null; // the last answer by the server's word
let spent = 0, since = null;
let answered = 0, left = 0;
let look = null;

/** Everything that is behind: sends, fetches, shows. */
async function goOn() {
  if (unread().length > 0) { show(null); return; }
  if (unqualified().length > 0) { await qualify(); return; }
  // With nothing to send and enough in hand, only asking tells that the connection is back.
  if (await flush()) await fill(!connection.isUp);
  await showConnection();
}

/** Gets as many questions as are to be in hand; asked to renew, also where they are all there, since that begins their leases anew. */
async function fill(renew = false) {
  if (unqualified().length > 0) return;
  if (queue.length + (current ? 1 : 0) >= IN_HAND && !renew) return;
  try {
    const got = await post('/api/labeling/assignments', { count: IN_HAND });
    reached();
    // What was said of while the server thought is not asked again.
    const waiting = (await entries()).filter(e => e.isEnd).map(e => e.body.item);
    const known = new Set([...waiting, ...done, ...queue.map(q => q.item), current?.item]);
    queue.push(...got.assignments.filter(q => !known.has(q.item)));
    // While one is still being answered, the server's count includes it.
    setProgress(got.progress);
    if (got.guidelines.some(g => !(g.acknowledged && g.qualified) && !isShown(g))) { location.reload(); return; }
    if (!current) next(); else showProgress();
  } catch (error) {
    if (error instanceof Refused) say(error.message, true); else missed();
  }
  await showConnection();
  if (!current) show(null);
}

function setProgress(progress) {
  ({ answered, left, last } = progress);
  // Its request is complete: nothing before it can be taken back either.
  if (last && !last.canUndo && given.at(-1)?.key === last.key) given = [];
  showProgress();
}

function next() { show(queue.shift() ?? null); }

function show(question) {
  current = question;
  clearTimeout(look);
  const [mustRead, trying] = [unread().length > 0, qualifying()];
  showQuestion(question, { mustRead, trial: trying, isUp: connection.isUp, canUndo: canUndo() });
  if (!question) {
    if (!mustRead && !trying) look = setTimeout(goOn, 20000);
    return;
  }
  spent = 0;
  since = document.hidden ? null : performance.now();
}

const seconds = () => Math.round((spent + (since === null ? 0 : performance.now() - since)) / 100) / 10;

document.addEventListener('visibilitychange', () => {
  if (document.hidden && since !== null) { spent += performance.now() - since; since = null; }
  if (!document.hidden && since === null) since = performance.now();
  if (!document.hidden) goOn();
});

// ---- what the labeler says ----------------------------------------------------------------------------------------------------------------

// Not crypto.randomUUID, which is missing where the page comes over plain HTTP.
const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, '0')).join('');

let busy = Promise.resolve();
let pending = 0;

/** One thing after the other: a second key press waits for the first. What has been said is not called saved before it is kept. */
function inTurn(work) {
  pending++;
  if (connection.isUp && !connection.isSignedOut) element('connection').textContent = 'Saving…';
  busy = busy.then(work).catch(error => say(`This browser could not keep it: ${error.message}`, true)).finally(() => {
    pending--;
    return showConnection();
  });
  return busy;
}

const safe = side => document.querySelector(`[name=safe-${side}]:checked`)?.value ?? null;

const answer = choice => current?.isExample ? answerExample(choice) : inTurn(async () => {
  if (!current || current.isExample) return;
  const question = current;
  const isSafety = question.axis === SAFETY;
  if (isSafety && !(safe('a') && safe('b'))) {
    say(`Say first whether answer ${safe('a') ? 'B' : 'A'} alone is safe.`, true);
    document.querySelector(`[name=safe-${safe('a') ? 'b' : 'a'}]`).focus();
    return;
  }
  const body = {
    key: newKey(), labeler, item: question.item, choice, seconds: seconds(), comment: element('comment').value.trim() || null,
    guidelines: versionOf(question.axis), at: new Date().toISOString(), ...(isSafety && { safeA: safe('a'), safeB: safe('b') }),
  };
  const id = await add({ path: '/api/labeling/answers', body, isEnd: true });
  given.push({ id, key: body.key, question });
  done = [...done, question.item].slice(-SOON);
  answered++;
  left = Math.max(left - 1, 0);
  say(`${nameOf(choice)}.`);
  next();
  showProgress();
  await showConnection();
  goOn();
});

const skip = (reason, words) => inTurn(async () => {
  if (!current || current.isExample) return;
  done = [...done, current.item].slice(-SOON);
  await add({ path: '/api/labeling/skips', isEnd: true, body: { key: newKey(), labeler, item: current.item, text: words ? `${reason}: ${words}` : reason } });
  left = Math.max(left - 1, 0);
  say('Skipped.');
  next();
  showProgress();
  await showConnection();
  goOn();
});

const flag = (section, text) => inTurn(async () => {
  if (!current || current.isExample) return;
  await add({ path: '/api/labeling/flags', body: { key: newKey(), labeler, item: current.item, section, text, guidelines: versionOf(current.axis) } });
  say('Thank you. The question is still open.', true);
  await showConnection();
  goOn();
});

const canUndo = () => qualifying() ? choicesOfTry() > 0 : given.length > 0 || !!last?.canUndo;

const undo = () => qualifying() ? undoExample() : inTurn(async () => {
  if (!canUndo()) return;
  const mine = given.at(-1);
  if (mine && await takeBack(mine.id)) {
    given.pop();
    again(mine.question);
    await showConnection();
    return;
  }
  // It may have reached the server, so the server has to take it back.
  if (!await flush()) { say('Without connection only an answer that was never sent can be taken back.', true); return; }
  try {
    const { assignment, progress } = await post('/api/labeling/undo', { answer: mine?.key ?? last.key });
    reached();
    given.pop();
    if (assignment) again(assignment, progress);
    else { setProgress(progress); say('Your answer is taken back; others answer its question.', true); }
  } catch (error) {
    if (error instanceof Refused) {
      given = [];
      last = null;
      element('undo').disabled = true;
      element('again').hidden = true;
      say(error.message, true);
    } else {
      missed();
      say('There is no connection; try again when it is back.', true);
    }
  }
  await showConnection();
});

function again(question, progress) {
  done = done.filter(item => item !== question.item);
  if (current) queue.unshift(current);
  if (progress) setProgress(progress); else { answered--; left++; }
  show(question);
  showProgress();
  say('Taken back. Answer anew.');
}

// ---- guidelines ---------------------------------------------------------------------------------------------------------------------------

for (const button of document.querySelectorAll('.acknowledge')) {
  button.addEventListener('click', async () => {
    const box = button.closest('.guidelines');
    try {
      await post('/api/labeling/acknowledgements', { axis: box.dataset.axis, version: box.dataset.version });
      reached();
      box.dataset.read = 'true';
      button.hidden = true;
      fold();
      current = null;
      show(null);
      goOn();
    } catch (error) {
      if (error instanceof Refused) say(error.message, true); else { missed(); say('There is no connection; try again when it is back.', true); }
    }
  });
}

// ---- the guidelines' examples, before the first question ------------------------------------------------------------------------------------

let trial = null; // the try at the examples of one axis; its answers are sent together
let isAsking = false;

/** The try that is being made, or null. */
function qualifying() { return trial ?? (unqualified().length > 0 ? {} : null); }

function choicesOfTry() { return trial && !trial.outcome ? trial.choices.length : 0; }

/** Asks for examples, shows the next one, or sends the answers, whichever is due. */
async function qualify() {
  if (isAsking || trial?.outcome) return;
  isAsking = true;
  try {
    const box = trial?.box ?? unqualified()[0];
    const { axis, version } = box.dataset;
    if (!trial) {
      show(null);
      await flush();
      const got = await call('GET', `/api/labeling/examples?${new URLSearchParams({ axis, version })}`);
      reached();
      if (got.qualified) { qualified(box); return; }
      trial = { box, number: got.try, needed: got.needed, choices: [], examples: got.examples.map((e, i) => ({ ...e, axis, isExample: true, number: i + 1, of: got.examples.length })) };
      showExample();
    } else if (trial.choices.length === trial.examples.length) {
      const outcome = await post('/api/labeling/qualifications', { axis, version, try: trial.number, choices: trial.choices });
      reached();
      if (outcome.qualified) { qualified(box); say('Thank you, that is how the guidelines see it. Here is your first question.', true); }
      else { trial.outcome = outcome; show(null); showOutcome(outcome); }
    }
  } catch (error) {
    if (error instanceof Refused) say(error.message, true);
    else { missed(); say('There is no connection; the examples go on when it is back.', true); }
  } finally {
    isAsking = false;
    await showConnection();
  }
}

function qualified(box) {
  box.dataset.qualified = 'true';
  trial = null;
  document.body.classList.remove('qualifying', 'reading');
  show(null);
  setTimeout(goOn);
}

function showExample() {
  show(trial.examples[trial.choices.length]);
  fold();
  showProgress();
}

function answerExample(choice) {
  if (!trial || trial.outcome || trial.choices.length === trial.examples.length) return;
  trial.choices.push(choice);
  say(`${nameOf(choice)}.`);
  if (trial.choices.length < trial.examples.length) { showExample(); return; }
  show(null);
  showProgress();
  qualify();
}

function undoExample() {
  if (!canUndo() || isAsking) return;
  trial.choices.pop();
  showExample();
  say('Taken back. Answer anew.');
}

element('try-again').addEventListener('click', () => {
  trial = null;
  say('');
  goOn();
});

const fold = () => foldGuidelines(!!trial?.outcome);
narrow.addEventListener('change', fold);

// ---- how far it is ------------------------------------------------------------------------------------------------------------------------

function showProgress() {
  const [done, open] = trial ? [trial.choices.length, trial.examples.length - trial.choices.length] : [answered, left];
  showBar(done, open, !!trial, canUndo());
}

async function showConnection() {
  showOutbox(await entries(), connection, pending > 0, async entry => { await remove(entry.id); await showConnection(); });
}

// ---- keys and buttons ---------------------------------------------------------------------------------------------------------------------

const [skipDialog, flagDialog] = [element('skip-dialog'), element('flag-dialog')];
const choices = ['both_bad', 'a_much', 'a', 'a_slight', 'tie', 'b_slight', 'b', 'b_much'];

function compare() { if (current) toggleDifferences(current); }

function openSkip() { if (current && !current.isExample) { element('skip-text').value = ''; skipDialog.returnValue = ''; skipDialog.showModal(); } }

function openFlag() {
  if (!current || current.isExample) return;
  const box = guidelinesOf(current.axis);
  element('flag-section').replaceChildren(...[...JSON.parse(box?.dataset.sections ?? '[]'), 'All of it'].map(name => new Option(name, name)));
  element('flag-text').value = '';
  flagDialog.returnValue = '';
  flagDialog.showModal();
}

skipDialog.addEventListener('close', () => {
  if (skipDialog.returnValue === 'ok') skip(skipDialog.querySelector('[name=reason]:checked').value, element('skip-text').value.trim());
});
flagDialog.addEventListener('close', () => {
  if (flagDialog.returnValue === 'ok') flag(element('flag-section').value, element('flag-text').value.trim());
});
// Enter means yes, and not the first button.
for (const dialog of [skipDialog, flagDialog])
  dialog.addEventListener('keydown', event => {
    if (event.key !== 'Enter' || event.target.tagName === 'TEXTAREA' || event.target.tagName === 'BUTTON') return;
    event.preventDefault();
    dialog.close('ok');
  });

const actions = {
  c: () => { if (current && !current.isExample) openComment(true); }, d: compare, s: openSkip, f: openFlag, u: undo, x: () => answer('both_bad'),
  g: () => { const box = document.querySelector('.guidelines'); if (box) { box.open = !box.open; if (box.open) box.querySelector('summary').focus(); } },
};

// Beside each side, whether it is safe alone.
for (const choice of document.querySelectorAll('#safety input'))
  actions[choice.getAttribute('aria-keyshortcuts')] = () => { if (!element('safety').hidden) { choice.checked = true; say(`${choice.name.slice(-1).toUpperCase()} ${choice.value}.`); } };

document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  if (event.key === 'Escape' && event.target === element('comment')) { element('heading').focus(); return; }
  if (!element('keys').checked || document.querySelector('dialog[open]')) return;
  if (event.target.closest('textarea, select, input:not([type=checkbox], [type=radio])')) return;
  const isChoice = event.key >= '0' && event.key <= '7' && event.key.length === 1;
  if (unread().length > 0 || !(isChoice || Object.hasOwn(actions, event.key.toLowerCase()))) return;
  event.preventDefault();
  if (isChoice) answer(choices[Number(event.key)]); else actions[event.key.toLowerCase()]();
});

for (const button of document.querySelectorAll('[data-choice]')) button.addEventListener('click', () => answer(button.dataset.choice));
element('comment-button').addEventListener('click', () => openComment(element('comment-box').hidden));
element('differences').addEventListener('click', compare);
element('skip').addEventListener('click', openSkip);
element('flag').addEventListener('click', openFlag);
element('undo').addEventListener('click', undo);
element('undo-last').addEventListener('click', undo);

// A key that stands for itself gets in the way of who speaks to the browser (WCAG 2.1.4).
element('keys').checked = localStorage.getItem('rlhf-keys') !== 'off';
element('keys').addEventListener('change', () => localStorage.setItem('rlhf-keys', element('keys').checked ? 'on' : 'off'));

// Who reads for long keeps the question; who has gone away does not.
const RENEW = 4 * 60_000;
let active = performance.now();
for (const kind of ['keydown', 'pointermove', 'scroll', 'touchstart']) addEventListener(kind, () => { active = performance.now(); }, { passive: true, capture: true });
setInterval(() => { if (current && !trial && !document.hidden && connection.isUp && performance.now() - active < RENEW) fill(true); }, RENEW);

addEventListener('online', () => { hurry(); goOn(); });
addEventListener('offline', () => { connection.isUp = false; showConnection(); });

begin(labeler, token, {
  changed: showConnection,
  due: goOn,
  late: () => say('Your answer is kept; others had answered the question by then, so it does not count.', true),
}).then(() => { fold(); show(null); goOn(); }, error => {
  element('heading').textContent = 'This browser cannot keep answers';
  say(`Labeling needs IndexedDB, which is missing here (a private window?): ${error?.message ?? ''}`, true);
});
