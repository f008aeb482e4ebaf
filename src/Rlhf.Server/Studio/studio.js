// Puts one of Elsa Studio's elements into its document, and leads from it to the pages of this server.

const { element: name, attribute, id, token } = document.body.dataset;
const lead = (kind, to) => window.parent.location.assign(`/studio/${kind}/${encodeURIComponent(to)}`);

// The provider comes first: elements ask it where the API is when they begin.
const provider = document.createElement('elsa-backend-provider');
provider.setAttribute('remote-endpoint', `${location.origin}/elsa/api`);
provider.setAttribute('access-token', token);
document.body.append(provider);

const element = document.createElement(name);
if (attribute) element.setAttribute(attribute, id);
element.editWorkflowDefinition = to => lead('definitions', to);
element.viewWorkflowInstance = to => lead('instances', to);
element.workflowDefinitionExecuted = to => lead('instances', to);
document.body.append(element);

// Its first content takes the place of the line that says it is coming.
new MutationObserver((_, observer) => {
  if (element.childElementCount === 0) return;
  document.getElementById('loading').remove();
  observer.disconnect();
}).observe(element, { childList: true });
