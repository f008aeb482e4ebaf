// What the page shows: a question with its two sides, what is said of it, how far the labeler is, and the guidelines. Texts are set as text, never as HTML.

export const SAFETY = 'safety';
export const element = id => document.getElementById(id);

// ---- the question -------------------------------------------------------------------------------------------------------------------------

/** Shows a question, or why there is none: guidelines are to be read, examples are to be answered, or nothing waits. */
export function showQuestion(question, { mustRead, trial, isUp, canUndo }) {
  const isWaiting = !question && !mustRead && !trial;
  document.body.classList.toggle('reading', mustRead || !!trial?.outcome);
  document.body.classList.toggle('qualifying', !!question?.isExample);
  element('task').hidden = !question || mustRead;
  element('verdicts').hidden = true;
  element('nothing').hidden = !isWaiting;
  element('again').hidden = !isWaiting || !canUndo;
  element('heading').textContent = mustRead ? 'Please read the guidelines first'
    : question?.isExample ? `Example ${question.number} of ${question.of}: which answer is better?`
    : question ? 'Which answer is better?' : trial ? 'A few examples first' : 'No question waits for you';
  element('undo').disabled = !canUndo;
  if (question) { showTexts(question); return; }
  element('nothing').textContent = isUp
    ? 'Thank you. This page looks again every 20 seconds.'
    : 'There is no connection; what you said is kept in this browser and will be sent.';
}

function showTexts(question) {
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

export const nameOf = choice => choice === 'both_bad' ? 'Both bad' : document.querySelector(`[data-choice="${choice}"] span`).textContent;

export function openComment(open) {
  element('comment-box').hidden = !open;
  element('comment-button').setAttribute('aria-expanded', open);
  if (open) element('comment').focus();
}

// ---- beside it ----------------------------------------------------------------------------------------------------------------------------

export function say(text, isSeen = false) {
  element('said').textContent = text;
  element('message').textContent = isSeen ? text : '';
  element('message').hidden = !isSeen;
}

export function showBar(done, open, isTrial, canUndo) {
  element('progress').textContent = isTrial ? `Examples: ${done} answered, ${open} left` : `${done} answered, ${open} left`;
  element('bar').max = Math.max(done + open, 1);
  element('bar').value = done;
  element('undo').disabled = !canUndo;
}

/** Says of the entries of the outbox whether they are saved; `discard` is offered for one that the server does not take. */
export function showOutbox(all, { isUp, isSignedOut }, isBusy, discard) {
  const waiting = all.filter(e => !e.refused).length;
  const refused = all.filter(e => e.refused);
  const note = element('connection');
  note.className = `connection ${isSignedOut || refused.length > 0 ? 'bad' : isUp ? 'good' : 'waiting'}`;
  const text = isSignedOut ? `You are signed out; ${many(waiting)} in this browser. Sign in again.`
    : refused.length > 0 ? `Not accepted: ${refused[0].refused}`
    : !isUp ? (waiting > 0 ? `No connection; ${many(waiting)} in this browser.` : 'No connection.')
    : waiting > 0 || isBusy ? 'Saving…' : 'All saved';
  if (note.textContent !== text) note.textContent = text;
  note.dataset.waiting = waiting;
  if (refused.length > 0) note.append(' ', dismiss(() => discard(refused[0])));
}

const many = count => count === 1 ? '1 answer waits' : `${count} answers wait`;

function dismiss(discard) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'plain';
  button.textContent = 'Discard it';
  button.addEventListener('click', discard);
  return button;
}

// ---- guidelines ---------------------------------------------------------------------------------------------------------------------------

const boxes = filter => [...document.querySelectorAll(`.guidelines${filter}`)];

/** The guidelines of an axis, or null. */
export const guidelinesOf = axis => document.querySelector(`.guidelines[data-axis="${CSS.escape(axis)}"]`);

export const versionOf = axis => guidelinesOf(axis)?.dataset.version ?? null;

export const isShown = g => document.querySelector(`.guidelines[data-axis="${CSS.escape(g.axis)}"][data-version="${CSS.escape(g.version)}"]`) !== null;

export const unread = () => boxes('[data-read="false"]');

/** Those whose examples are to be answered; none before all are read. */
export const unqualified = () => unread().length > 0 ? [] : boxes('[data-qualified="false"]');

export const narrow = matchMedia('(max-width: 70rem)');

/** Opens what is to be read; on a narrow page the rest would push the question out of sight. */
export function foldGuidelines(areWanted) {
  for (const box of boxes('')) box.open = box.dataset.read === 'false' || !narrow.matches || areWanted;
}

/** What the guidelines say of the examples that were answered otherwise. */
export function showOutcome(outcome) {
  element('heading').textContent = 'Not yet';
  element('outcome').textContent =
    `You answered ${outcome.right} of ${outcome.of} examples as the guidelines do; it takes ${outcome.needed}. Here is what they say of the others, with A and B as they stand in the guidelines. Read these again, and then try again, as often as you like.`;
  element('wrong').replaceChildren(...outcome.wrong.map(wrongExample));
  element('verdicts').hidden = false;
  foldGuidelines(true);
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

// ---- differences --------------------------------------------------------------------------------------------------------------------------

const LONGEST_TABLE = 4_000_000;

export function toggleDifferences(question) {
  const on = element('differences').getAttribute('aria-pressed') !== 'true';
  element('differences').setAttribute('aria-pressed', on);
  if (!on) { for (const side of ['a', 'b']) element(side).replaceChildren(question[side]); return; }
  const [a, b] = [question.a, question.b].map(text => text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? []);
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
