// Where in the console one is, as the part of the address behind '#'. Everything that can be looked at has one.
//
//   #/flow/order-7/timeline?event=4711

export interface Route {
  view: string;
  /** What the view is about: a flow's id, a definition's name. */
  subject: string;
  tab: string;
  query: Record<string, string>;
}

export const views = [
  'now',
  'flows',
  'flow',
  'incidents',
  'incident',
  'definitions',
  'definition',
  'map',
  'service',
  'failures',
  'topics',
  'topic',
  'tail',
  'replay',
] as const;

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?', 2);
  const [view = '', subject = '', tab = ''] = path.split('/').map(decoded);
  return {
    view: view === '' ? 'now' : view,
    subject,
    tab,
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

export function routeText(route: Partial<Route>): string {
  const parts = [route.view === 'now' ? '' : (route.view ?? ''), route.subject ?? '', route.tab ?? ''];
  while (parts.length > 1 && parts[parts.length - 1] === '') parts.pop();
  const query = new URLSearchParams(Object.entries(route.query ?? {}).filter(([, value]) => value !== '')).toString();
  return '#/' + parts.map(encodeURIComponent).join('/') + (query ? '?' + query : '');
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const flowRoute = (id: string, tab = '', query: Record<string, string> = {}) =>
  routeText({ view: 'flow', subject: id, tab, query });
export const topicRoute = (topic: string) => routeText({ view: 'topic', subject: topic });
export const serviceRoute = (service: string) => routeText({ view: 'service', subject: service });
export const definitionRoute = (name: string, tab = '') => routeText({ view: 'definition', subject: name, tab });
export const incidentRoute = (id: string) => routeText({ view: 'incident', subject: id });
export const flowsRoute = (query: Record<string, string>) => routeText({ view: 'flows', query });
