// Where one is, followed by all views; kept in the address, so that the browser's buttons and bookmarks work.
import { parseRoute, routeText, type Route } from '../model/route';

class Router {
  route: Route = $state.raw(parseRoute(location.hash));

  start(): () => void {
    const follow = () => (this.route = parseRoute(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }

  go(address: string): void {
    location.hash = address;
  }

  /** Changes what is asked for without a step in the browser's history. */
  query(changes: Record<string, string>): void {
    const address = routeText({ ...this.route, query: { ...this.route.query, ...changes } });
    history.replaceState(history.state, '', address);
    this.route = parseRoute(address);
  }
}

export const router = new Router();
