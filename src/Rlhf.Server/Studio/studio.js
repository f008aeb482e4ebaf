// Puts one of Elsa Studio's elements into its document, and leads from it to the pages of this server.

const { element: name, attribute, id, token } = document.body.dataset;
const lead = (kind, to) => window.parent.location.assign(`/studio/${kind}/${encodeURIComponent(to)}`);

// What an element says to its page it says in .NET's own types, of which only some come through to here; what its requests are answered does.
const send = window.fetch;
window.fetch = async (...request) => {
  const answer = await send(...request);
  const started = answer.headers.get('x-elsa-workflow-instance-id');
  if (started) lead('instances', started);
  // The session is over: the page around asks to sign in.
  if (answer.status === 401) window.parent.location.reload();
  return answer;
};

// Created once it is defined, and told at once: Blazor forgets what an element had before, and the editor hears of nothing that comes later.
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
