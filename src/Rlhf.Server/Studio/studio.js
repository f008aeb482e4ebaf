// Puts one of Elsa Studio's elements into its document, and leads from it to the pages of this server.

import { openAt } from './canvas.js';
import { markFindings } from './findings.js';
import { markSteps } from './icons.js';

const { element: name, attribute, id, token, steps, lint } = document.body.dataset;
const lead = (kind, to) => window.parent.location.assign(`/studio/${kind}/${encodeURIComponent(to)}`);

// Studio goes to addresses of its own for a definition or an instance; here they are the pages around it. Other places of it this document does not have.
function follow(address) {
  const { origin, pathname } = new URL(address, document.baseURI);
  if (origin !== location.origin || pathname === location.pathname) return false;
  // To alter an instance is to cancel, retry or answer it, on its page.
  const [, kind, to] = /\/(?:workflows\/(?=.+\/(?:edit|view)$)|alterations\/)(definitions|instances)\/([^/]+)(?:\/(?:edit|view))?$/.exec(pathname) ?? [];
  if (kind) lead(kind, decodeURIComponent(to));
  return true;
}
const push = history.pushState.bind(history);
history.pushState = (state, title, address) => { if (!follow(address ?? '')) push(state, title, address); };
document.addEventListener('click', event => {
  const link = event.target.closest?.('a[href]');
  if (link && !link.target && !link.download && follow(link.href)) event.preventDefault();
}, { capture: true });

// The session is over: the page around asks to sign in. What was changed here it shows at once.
const send = window.fetch;
window.fetch = async (...request) => {
  const answer = await send(...request);
  if (answer.status === 401) window.parent.location.reload();
  if (answer.ok && isChange(...request)) {
    window.parent.dispatchEvent(new Event('studio-changed'));
    findings?.();
  }
  return answer;
};

function isChange(target, options) {
  const method = options?.method ?? target.method ?? 'GET';
  return method !== 'GET' && /\/elsa\/api\/(workflow-definitions|bulk-actions|cancel|alterations)\b/.test(target.url ?? `${target}`);
}

markSteps(JSON.parse(steps));
const findings = lint === undefined ? undefined : markFindings(async () => (await ask(`workflow-definitions/${encodeURIComponent(id)}/findings`))?.items ?? []);
if (attribute) openAt(attribute === 'instance-id' ? atWork : () => undefined);

// Where an instance is: what is at work, waits or failed last, and of one that is over what ran last.
async function atWork(activities) {
  const runs = (await ask(`activity-executions/list?WorkflowInstanceId=${encodeURIComponent(id)}`))?.items.filter(run => activities.includes(run.activityId)) ?? [];
  return (runs.findLast(run => run.status !== 'Completed') ?? runs.at(-1))?.activityId;
}

// Undefined where there is no answer.
async function ask(what) {
  const answer = await send(`/elsa/api/${what}`, { headers: { Authorization: `Bearer ${token}` } }).catch(() => undefined);
  return answer?.ok ? answer.json() : undefined;
}

// Created once it is defined, and told at once: Blazor forgets what an element had before.
await customElements.whenDefined(name);
const provider = document.createElement('elsa-backend-provider');
provider.setAttribute('remote-endpoint', `${location.origin}/elsa/api`);
provider.setAttribute('access-token', token);
const element = document.createElement(name);
if (attribute) element.setAttribute(attribute, id);
element.editWorkflowDefinition = to => lead('definitions', to);
element.viewWorkflowInstance = to => lead('instances', to);
// The provider comes first: an element asks it where the API is when it begins.
document.body.append(provider, element);

// Its first content takes the place of the line that says it is coming.
new MutationObserver((_, observer) => {
  if (element.childElementCount === 0) return;
  document.getElementById('loading').remove();
  observer.disconnect();
}).observe(element, { childList: true });
