// What a labeler says goes into an outbox in the browser first and is sent from there until the server has it; the key of each entry makes the server
// take it once, however often it is sent.

let owner, token, told;

/**
 * Says whose outbox it is, what the server wants to see with each request, and who is told: `changed` of every change, `due` when it is time to try again,
 * `late` of an answer that others had given by then. Fails where this browser cannot keep anything.
 */
export function begin(labeler, antiforgery, listeners) {
  [owner, token, told] = [labeler, antiforgery, listeners];
  return database;
}

// ---- what waits in the browser ------------------------------------------------------------------------------------------------------------

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

export const add = entry => outbox((store, give) => { store.add(entry).onsuccess = event => give(event.target.result); });
export const remove = id => outbox(store => store.delete(id));
export const entries = async () => (await outbox((store, give) => { store.getAll().onsuccess = event => give(event.target.result); })).filter(e => e.body.labeler === owner);

/** Changes an entry that is still there. */
const change = (id, values) => outbox((store, give) => {
  store.get(id).onsuccess = event => {
    if (!event.target.result) return give(false);
    store.put({ ...event.target.result, ...values });
    give(true);
  };
});

/** Takes an entry out unless it may have reached the server: then it is left, and false. */
export const takeBack = id => outbox((store, give) => {
  store.get(id).onsuccess = event => {
    if (event.target.result?.tried || !event.target.result) return give(false);
    store.delete(id);
    give(true);
  };
});

// ---- the server ---------------------------------------------------------------------------------------------------------------------------

/** What is known of the way to the server. */
export const connection = { isUp: true, isSignedOut: false };

let retryAfter = 1000;
let retry = null;

/** The server's last word. */
export class Refused extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

export const post = (path, body) => call('POST', path, { headers: { 'Content-Type': 'application/json', 'X-Antiforgery': token }, body: JSON.stringify(body) });

/** Sends and gives the answer; a Refused is the server's last word, any other error may pass. */
export async function call(method, path, what) {
  const response = await fetch(path, {
    ...what,
    method,
    cache: 'no-store',
    signal: AbortSignal.timeout(15000),
  });
  if (response.ok) return response.json();
  if (response.status === 401) { connection.isSignedOut = true; throw new Error('signed out'); }
  if (response.status >= 500 || response.status === 429 || response.status === 408) throw new Error(`status ${response.status}`);
  const sentence = await response.json().then(j => j.error, () => `The server refused (${response.status}).`);
  throw new Refused(response.status, sentence);
}

export function reached() {
  connection.isUp = true;
  connection.isSignedOut = false;
  retryAfter = 1000;
  // Another request may have come through while an answer did not; it still waits.
  if (retry) tryAgainAfter(0);
}

export function missed() {
  connection.isUp = false;
  tryAgainAfter(retryAfter);
  retryAfter = Math.min(retryAfter * 2, 15000);
}

function tryAgainAfter(milliseconds) {
  clearTimeout(retry);
  retry = setTimeout(() => { retry = null; told.due(); }, milliseconds);
}

/** The next failure is tried again soon. */
export function hurry() { retryAfter = 1000; }

let sending = null;

/** Sends what waits, in order; true where nothing waits any more. */
export function flush() {
  sending ??= exclusively(sendAll).finally(() => { sending = null; });
  return sending;
}

// Two windows of one browser have one outbox.
const exclusively = work => navigator.locks ? navigator.locks.request('rlhf-outbox', work) : work();

async function sendAll() {
  for (;;) {
    const entry = (await entries()).find(e => !e.refused);
    await told.changed();
    if (!entry) return true;
    if (!await change(entry.id, { tried: true })) continue;
    try {
      const answer = await post(entry.path, entry.body);
      reached();
      await remove(entry.id);
      if (answer.fate === 'surplus' || answer.fate === 'selfRepeated') told.late();
    } catch (error) {
      if (error instanceof Refused) {
        await change(entry.id, { refused: error.message });
      } else {
        missed();
        await told.changed();
        return false;
      }
    }
  }
}
