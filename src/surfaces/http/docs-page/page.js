/** Renders /v1/openapi.json. Text is only ever set as text, never as markup. */

const response = await fetch('/v1/openapi.json');
const api = await response.json();

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

function resolve(schema) {
  const name = schema?.$ref?.split('/').at(-1);
  return name === undefined ? schema : api.components.schemas[name];
}

function typeOf(schema) {
  if (schema === undefined) return '';
  if (schema.$ref) return schema.$ref.split('/').at(-1);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.anyOf || schema.oneOf) return (schema.anyOf ?? schema.oneOf).map(typeOf).join(' | ');
  if (schema.type === 'array') return `${typeOf(schema.items)}[]`;
  return [schema.type].flat().join(' | ') + (schema.format ? ` (${schema.format})` : '');
}

function fields(rows, caption) {
  if (rows.length === 0) return null;
  const body = rows.map(({ name, type, isRequired, text }) =>
    element(
      'tr',
      {},
      element('td', {}, element('code', {}, name), isRequired ? ' *' : ''),
      element('td', {}, type),
      element('td', {}, text ?? ''),
    ),
  );
  const head = element(
    'tr',
    {},
    ...[caption, 'Type', 'Meaning'].map((text) => element('th', { scope: 'col' }, text)),
  );
  return element('table', {}, element('thead', {}, head), element('tbody', {}, ...body));
}

function fieldsOf(schema, caption) {
  const object = resolve(schema) ?? {};
  return fields(
    Object.entries(object.properties ?? {}).map(([name, field]) => ({
      name,
      type: typeOf(field),
      isRequired: object.required?.includes(name),
      text: field.description,
    })),
    caption,
  );
}

function example(title, value) {
  if (value === undefined) return null;
  return element(
    'details',
    {},
    element('summary', {}, title),
    element('pre', { tabindex: '0' }, JSON.stringify(value, null, 2)),
  );
}

function describe(method, path, operation) {
  const id = operation.operationId;
  const body = operation.requestBody?.content['application/json'];
  const parameters = (operation.parameters ?? []).map((parameter) => ({
    name: `${parameter.name} (${parameter.in})`,
    type: typeOf(parameter.schema),
    isRequired: parameter.required,
    text: parameter.description ?? parameter.schema?.description,
  }));
  const [status, success] =
    Object.entries(operation.responses).find(([code]) => code.startsWith('2')) ?? [];
  const content = Object.values(success?.content ?? {})[0];
  const failures = Object.entries(operation.responses)
    .filter(([code]) => !code.startsWith('2'))
    .map(([code, { description }]) => ({ name: code, type: 'Problem', text: description }));

  return element(
    'article',
    { id, 'data-text': `${method} ${path} ${operation.summary} ${operation.tags}`.toLowerCase() },
    element(
      'h3',
      {},
      element('span', { class: `method ${method}` }, method.toUpperCase()),
      ` ${path}`,
    ),
    element('p', {}, operation.description),
    element('p', { class: 'access' }, `Access: ${operation['x-loom-access'].join(' or ')}`),
    fields(parameters, 'Parameter'),
    fieldsOf(body?.schema, 'Body'),
    example('Example of the body', body?.example),
    element('p', { class: 'quiet' }, `Answer: ${status} ${typeOf(content?.schema)}`),
    fieldsOf(content?.schema, 'Answer'),
    example('Example of the answer', content?.example),
    element('details', {}, element('summary', {}, 'Failures'), fields(failures, 'Status') ?? ''),
  );
}

const operations = Object.entries(api.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ method, path, operation })),
);
const index = document.getElementById('index');
const routes = document.getElementById('routes');
routes.replaceChildren(element('p', {}, api.info.description));

for (const { name, description } of api.tags) {
  const members = operations.filter(({ operation }) => operation.tags.includes(name));
  if (members.length === 0) continue;
  index.append(
    element(
      'section',
      {},
      element('h2', {}, name),
      ...members.map(({ method, path, operation }) =>
        element(
          'a',
          { href: `#${operation.operationId}` },
          element('span', { class: `method ${method}` }, method.toUpperCase()),
          ` ${path}`,
        ),
      ),
    ),
  );
  routes.append(
    element(
      'section',
      {},
      element('h2', {}, name),
      element('p', { class: 'quiet' }, description),
      ...members.map(({ method, path, operation }) => describe(method, path, operation)),
    ),
  );
}

document.getElementById('filter').addEventListener('input', (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const article of routes.querySelectorAll('article')) {
    const isShown = words.every((word) => article.dataset.text.includes(word));
    article.hidden = !isShown;
    index.querySelector(`a[href="#${article.id}"]`).hidden = !isShown;
  }
});
if (location.hash !== '') document.getElementById(location.hash.slice(1))?.scrollIntoView();
