// Where the console begins: a transport (the gateway, or a scenario) and a clock, and the page on top of them.
import { mount } from 'svelte';
import './styles/tokens.css';
import './styles/base.css';
import { HttpTransport } from './api/transport';
import Root from './views/Root.svelte';
import { App, contextOf } from './state/app.svelte';
import { browserClock } from './state/clock';
import { theme } from './state/theme.svelte';

async function open(): Promise<App> {
  const asked = new URLSearchParams(location.search);
  const scenario = asked.get('scenario');
  if (!scenario) return new App(new HttpTransport(), browserClock, '');
  const { openScenario } = await import('./scenario/transport');
  const transport = await openScenario(scenario, asked.get('clock') === 'running');
  return new App(transport, transport.clock, scenario, transport.history());
}

theme.apply();
const target = document.getElementById('app')!;
open().then(
  (app) => mount(Root, { target, context: contextOf(app) }),
  (error: unknown) => (target.textContent = String(error)),
);
