// The labeling page. What a labeler says goes into an outbox in the browser first and is sent from there until the server has it; the key of each
// entry makes the server take it once, however often it is sent.

const IN_HAND = 3;
const element = id => document.getElementById(id);
const main = element('question');
const labeler = main.dataset.labeler;

// ---- the outbox ---------------------------------------------------------------------------------------------------------------------------

const database = new Promise((resolve, reject) => {
  const request = indexedDB.open('rlhf-labeling', 1);
  request.onupgradeneeded = () => request.result.createObjectStore('outbox', { keyPath: 'id', autoIncrement: true });
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

/** Runs one transaction on the outbox; what it gives is durable. */
async function outbox(work) {
  const transaction = (await database).transaction('outbox', 'readwrite', { durability: 'strict' });
  const result = { value: undefined };
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
    work(transaction.objectStore('outbox'), value => { result.value = value; });
  });
  return result.value;
}

const add = entry => outbox((store, give) => { store.add(entry).onsuccess = event => give(event.target.result); });
const remove = id => outbox(store => store.delete(id));
const entries = async () => (await outbox((store, give) => { store.getAll().onsuccess = event => give(event.target.result); })).filter(e => e.body.labeler === labeler);

/** Changes an entry that is still there. */
const change = (id, values) => outbox((store, give) => {
  store.get(id).onsuccess = event => {
    if (!event.target.result) return give(false);
    store.put({ ...event.target.result, ...values });
    give(true);
  };
});

/** Takes an entry out unless it may have reached the server: then it is left, and false. */
const takeBack = id => outbox((store, give) => {
  store.get(id).onsuccess = event => {
    if (event.target.result?.tried || !event.target.result) return give(false);
    store.delete(id);
    give(true);
  };
});

// ---- the server ---------------------------------------------------------------------------------------------------------------------------

let connected = true;
let signedOut = false;
let retryAfter = 1000;
let retry = null;

class Refused extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

const post = (path, body) => call('POST', path, { headers: { 'Content-Type': 'application/json', 'X-Antiforgery': main.dataset.token }, body: JSON.stringify(body) });

/** Sends and gives the answer; a Refused is the server's last word, any other error may pass. */
async function call(method, path, what) {
  const response = await fetch(path, {
    ...what,
    method,
    cache: 'no-store',
    signal: AbortSignal.timeout(15000),
  });
  if (response.ok) return response.json();
  if (response.status === 401) { signedOut = true; throw new Error('signed out'); }
  if (response.status >= 500 || response.status === 429 || response.status === 408) throw new Error(`status ${response.status}`);
  const sentence = await response.json().then(j => j.error, () => `The server refused (${response.status}).`);
  throw new Refused(response.status, sentence);
}

function reached() {
  connected = true;
  signedOut = false;
  retryAfter = 1000;
  clearTimeout(retry);
  retry = null;
}

function missed() {
  connected = false;
  clearTimeout(retry);
  retry = setTimeout(goOn, retryAfter);
  retryAfter = Math.min(retryAfter * 2, 15000);
}

let sending = null;

/** Sends what waits, in order; true where nothing waits any more. */
function flush() {
  sending ??= exclusively(sendAll).finally(() => { sending = null; });
  return sending;
}

// Two windows of one browser have one outbox.
const exclusively = work => navigator.locks ? navigator.locks.request('rlhf-outbox', work) : work();

async function sendAll() {
  for (;;) {
    const entry = (await entries()).find(e => !e.refused);
    await showConnection();
    if (!entry) return true;
    if (!await change(entry.id, { tried: true })) continue;
    try {
      const answer = await post(entry.path, entry.body);
      reached();
      await remove(entry.id);
      if (answer.fate === 'surplus' || answer.fate === 'selfRepeated') say('Your answer is kept; others had answered the question by then, so it does not count.', true);
    } catch (error) {
      if (error instanceof Refused) {
        await change(entry.id, { refused: error.message });
      } else {
        missed();
        await showConnection();
        return false;
      }
    }
  }
}

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
  if (await flush()) await fill(!connected);
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

const isShown = g => document.querySelector(`.guidelines[data-axis="${CSS.escape(g.axis)}"][data-version="${CSS.escape(g.version)}"]`) !== null;

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
  const mustRead = unread().length > 0;
  const isWaiting = !question && !mustRead && !qualifying();
  document.body.classList.toggle('reading', mustRead || !!qualifying()?.outcome);
  document.body.classList.toggle('qualifying', !!question?.isExample);
  element('task').hidden = !question || mustRead;
  element('verdicts').hidden = true;
  element('nothing').hidden = !isWaiting;
  element('again').hidden = !isWaiting || !canUndo();
  element('heading').textContent = mustRead ? 'Please read the guidelines first'
    : question?.isExample ? `Example ${question.number} of ${question.of}: which answer is better?`
    : question ? 'Which answer is better?' : qualifying() ? 'A few examples first' : 'No question waits for you';
  element('undo').disabled = !canUndo();
  if (!question) {
    element('nothing').textContent = connected
      ? 'Thank you. This page looks again every 20 seconds.'
      : 'There is no connection; what you said is kept in this browser and will be sent.';
    if (isWaiting) look = setTimeout(goOn, 20000);
    return;
  }
  spent = 0;
  since = document.hidden ? null : performance.now();
  element('prompt').replaceChildren(...question.prompt.map(turn));
  for (const side of ['a', 'b']) {
    element(side).replaceChildren(question[side]);
    element(side).scrollTop = 0;
  }
  element('prompt').scrollTop = 0;
  element('differences').setAttribute('aria-pressed', 'false');
  element('comment').value = '';
  openComment(false);
  element('safety').hidden = question.isExample || question.axis !== SAFETY;
  for (const choice of document.querySelectorAll('#safety input')) choice.checked = false;
  scrollTo({ top: 0 });
  element('heading').focus({ preventScroll: true });
}

function turn({ role, text }) {
  const box = document.createElement('div');
  box.className = `turn ${role}`;
  const name = document.createElement('strong');
  name.textContent = { user: 'User', assistant: 'Assistant', system: 'System' }[role] ?? role;
  const words = document.createElement('div');
  words.className = 'words';
  words.dir = 'auto';
  words.textContent = text;
  box.append(name, words);
  return box;
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

const versionOf = axis => document.querySelector(`.guidelines[data-axis="${CSS.escape(axis)}"]`)?.dataset.version ?? null;

let busy = Promise.resolve();
let pending = 0;

/** One thing after the other: a second key press waits for the first. What has been said is not called saved before it is kept. */
function inTurn(work) {
  pending++;
  if (connected && !signedOut) element('connection').textContent = 'Saving…';
  busy = busy.then(work).catch(error => say(`This browser could not keep it: ${error.message}`, true)).finally(() => {
    pending--;
    return showConnection();
  });
  return busy;
}

const SAFETY = 'safety';
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

const nameOf = choice => choice === 'both_bad' ? 'Both bad' : document.querySelector(`[data-choice="${choice}"] span`).textContent;

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

const unread = () => [...document.querySelectorAll('.guidelines[data-read="false"]')];

for (const button of document.querySelectorAll('.acknowledge')) {
  button.addEventListener('click', async () => {
    const box = button.closest('.guidelines');
    try {
      await post('/api/labeling/acknowledgements', { axis: box.dataset.axis, version: box.dataset.version });
      reached();
      box.dataset.read = 'true';
      button.hidden = true;
      foldGuidelines();
      current = null;
      show(null);
      goOn();
    } catch (error) {
      if (error instanceof Refused) say(error.message, true); else { missed(); say('There is no connection; try again when it is back.', true); }
    }
  });
}

// ---- the guidelines' examples, before the first question ------------------------------------------------------------------------------------

const unqualified = () => unread().length > 0 ? [] : [...document.querySelectorAll('.guidelines[data-qualified="false"]')];

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
      else showOutcome(outcome);
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
  foldGuidelines();
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

function showOutcome(outcome) {
  trial.outcome = outcome;
  show(null);
  element('heading').textContent = 'Not yet';
  element('outcome').textContent =
    `You answered ${outcome.right} of ${outcome.of} examples as the guidelines do; it takes ${outcome.needed}. Here is what they say of the others, with A and B as they stand in the guidelines. Read these again, and then try again, as often as you like.`;
  element('wrong').replaceChildren(...outcome.wrong.map(wrongExample));
  element('verdicts').hidden = false;
  foldGuidelines();
  element('heading').focus({ preventScroll: true });
  scrollTo({ top: 0 });
}

function wrongExample(example) {
  const box = document.createElement('section');
  const heading = document.createElement('h2');
  heading.textContent = example.title;
  const words = document.createElement('dl');
  for (const [name, text] of [['Prompt', example.prompt.map(t => t.text).join('\n')], ['A', example.a], ['B', example.b], ['You said', example.said], ['The guidelines say', example.reason]]) {
    const [term, said] = [document.createElement('dt'), document.createElement('dd')];
    term.textContent = name;
    said.textContent = text;
    said.dir = 'auto';
    said.className = 'words';
    words.append(term, said);
  }
  box.append(heading, words);
  return box;
}

element('try-again').addEventListener('click', () => {
  trial = null;
  say('');
  goOn();
});

// On a narrow page they would push the question out of sight.
const narrow = matchMedia('(max-width: 70rem)');
function foldGuidelines() {
  for (const box of document.querySelectorAll('.guidelines')) box.open = box.dataset.read === 'false' || !narrow.matches || !!trial?.outcome;
}
narrow.addEventListener('change', foldGuidelines);

// ---- what is shown beside the question ----------------------------------------------------------------------------------------------------

function say(text, isSeen = false) {
  element('said').textContent = text;
  element('message').textContent = isSeen ? text : '';
  element('message').hidden = !isSeen;
}

function showProgress() {
  const [done, open] = trial ? [trial.choices.length, trial.examples.length - trial.choices.length] : [answered, left];
  element('progress').textContent = trial ? `Examples: ${done} answered, ${open} left` : `${answered} answered, ${left} left`;
  element('bar').max = Math.max(done + open, 1);
  element('bar').value = done;
  element('undo').disabled = !canUndo();
}

async function showConnection() {
  const all = await entries();
  const waiting = all.filter(e => !e.refused).length;
  const refused = all.filter(e => e.refused);
  const note = element('connection');
  note.className = `connection ${signedOut || refused.length > 0 ? 'bad' : connected ? 'good' : 'waiting'}`;
  const text = signedOut ? `You are signed out; ${many(waiting)} in this browser. Sign in again.`
    : refused.length > 0 ? `Not accepted: ${refused[0].refused}`
    : !connected ? (waiting > 0 ? `No connection; ${many(waiting)} in this browser.` : 'No connection.')
    : waiting > 0 || pending > 0 ? 'Saving…' : 'All saved';
  if (note.textContent !== text) note.textContent = text;
  note.dataset.waiting = waiting;
  if (refused.length > 0) note.append(' ', dismiss(refused[0]));
}

const many = count => count === 1 ? '1 answer waits' : `${count} answers wait`;

function dismiss(entry) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'plain';
  button.textContent = 'Discard it';
  button.addEventListener('click', async () => { await remove(entry.id); await showConnection(); });
  return button;
}

function openComment(open) {
  element('comment-box').hidden = !open;
  element('comment-button').setAttribute('aria-expanded', open);
  if (open) element('comment').focus();
}

// ---- differences --------------------------------------------------------------------------------------------------------------------------

const LONGEST_TABLE = 4_000_000;

function toggleDifferences() {
  if (!current) return;
  const on = element('differences').getAttribute('aria-pressed') !== 'true';
  element('differences').setAttribute('aria-pressed', on);
  if (!on) { for (const side of ['a', 'b']) element(side).replaceChildren(current[side]); return; }
  const [a, b] = [current.a, current.b].map(text => text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? []);
  if (a.length * b.length > LONGEST_TABLE) { element('differences').setAttribute('aria-pressed', 'false'); say('The answers are too long to be compared word by word.', true); return; }
  const same = common(a, b);
  element('a').replaceChildren(...marked(a, same.map(p => p[0])));
  element('b').replaceChildren(...marked(b, same.map(p => p[1])));
}

/** Places of a longest common subsequence. */
function common(a, b) {
  const width = b.length + 1;
  const table = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      table[i * width + j] = a[i] === b[j] ? table[(i + 1) * width + j + 1] + 1 : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
  const places = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) places.push([i++, j++]);
    else if (table[(i + 1) * width + j] >= table[i * width + j + 1]) i++;
    else j++;
  }
  return places;
}

function marked(words, same) {
  const kept = new Set(same);
  const nodes = [];
  let run = '', isKept = true;
  const end = () => {
    if (!run) return;
    const node = isKept ? document.createTextNode(run) : document.createElement('mark');
    if (!isKept) node.textContent = run;
    nodes.push(node);
    run = '';
  };
  words.forEach((word, i) => {
    if (kept.has(i) !== isKept) { end(); isKept = kept.has(i); }
    run += word;
  });
  end();
  return nodes;
}

// ---- keys and buttons ---------------------------------------------------------------------------------------------------------------------

const [skipDialog, flagDialog] = [element('skip-dialog'), element('flag-dialog')];
const choices = ['both_bad', 'a_much', 'a', 'a_slight', 'tie', 'b_slight', 'b', 'b_much'];

function openSkip() { if (current && !current.isExample) { element('skip-text').value = ''; skipDialog.returnValue = ''; skipDialog.showModal(); } }

function openFlag() {
  if (!current || current.isExample) return;
  const box = document.querySelector(`.guidelines[data-axis="${CSS.escape(current.axis)}"]`);
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
  c: () => { if (current && !current.isExample) openComment(true); }, d: toggleDifferences, s: openSkip, f: openFlag, u: undo, x: () => answer('both_bad'),
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
element('differences').addEventListener('click', toggleDifferences);
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
setInterval(() => { if (current && !trial && !document.hidden && connected && performance.now() - active < RENEW) fill(true); }, RENEW);

addEventListener('online', () => { retryAfter = 1000; goOn(); });
addEventListener('offline', () => { connected = false; showConnection(); });

database.then(() => { foldGuidelines(); show(null); goOn(); }, error => {
  element('heading').textContent = 'This browser cannot keep answers';
  say(`Labeling needs IndexedDB, which is missing here (a private window?): ${error?.message ?? ''}`, true);
});
