// The demo's shop, for a test that may break it: its own folder, its own ports, deadlines one can wait for.
//
//   const shop = new Shop();
//   await shop.prepare([['within: 10s', 'within: 5s']]);
//   const address = await shop.demo(['--rate', '2']);       // reel-demo and all that it starts
//   const broker = await shop.daemon('reel-broker');         // or one program, until it says that it is ready
//   await shop.close();                                      // ends what is left of what it started, and the folder
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const programs = process.env.REEL_BIN ?? join(root, 'build/release/bin');

/** How long a program may take to say what is waited for: it may read a journal, on a busy machine. */
const said_within_ms = 60_000;
/** How long one may take to end in order before it is killed. */
const ended_within_ms = 20_000;

/** Whether nobody listens there. */
function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
}

/** Below those that the system gives to connections: while a broker is away, a client could otherwise be given its port. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    if (await isFree(port)) return port;
  }
}

export class Program {
  private text = '';
  private running = true;
  private readonly waiting = new Set<() => void>();
  private readonly ended: Promise<void>;

  constructor(readonly name: string, private readonly child: ChildProcess) {
    for (const pipe of [child.stdout!, child.stderr!]) {
      pipe.setEncoding('utf8');
      pipe.on('data', (part: string) => {
        this.text += part;
        for (const look of this.waiting) look();
      });
    }
    this.ended = new Promise((done) =>
      child.once('close', () => {
        this.running = false;
        for (const look of this.waiting) look();
        done();
      }),
    );
  }

  /** The match of `pattern` in what it says, as soon as that is said. */
  says(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((done, fail) => {
      const over = (settle: () => void) => {
        clearTimeout(timer);
        this.waiting.delete(look);
        settle();
      };
      const look = () => {
        const match = pattern.exec(this.text);
        if (match) over(() => done(match));
        else if (!this.running) over(() => fail(new Error(`${this.name} has ended; it said:\n${this.text}`)));
      };
      const timer = setTimeout(() => over(() => fail(new Error(`${this.name} does not say ${pattern}; it said:\n${this.text}`))), said_within_ms);
      this.waiting.add(look);
      look();
    });
  }

  /** As a crash: nothing is closed, flushed or said. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), ended_within_ms);
    await this.ended;
    clearTimeout(timer);
  }
}

export class Shop {
  private readonly folder = mkdtempSync(join(tmpdir(), 'reel-console-'));
  private readonly config = join(this.folder, 'shop.yaml');
  private readonly programs: Program[] = [];
  private endpoints = { broker: '', live: '', tracker: '' };

  /** `changes` to configs/shop.yaml besides: what stands there, and what instead. */
  async prepare(changes: [from: string, to: string][]): Promise<void> {
    const [broker, live, tracker] = [await freePort(), await freePort(), await freePort()].map((port) => `tcp://127.0.0.1:${port}`) as [string, string, string];
    this.endpoints = { broker, live, tracker };
    let yaml = readFileSync(join(root, 'configs/shop.yaml'), 'utf8');
    for (const [from, to] of [
      ['../proto/shop/v1', join(root, 'proto/shop/v1')],
      ['data: ../data/shop', `data: ${join(this.folder, 'data')}`],
      ['tcp://127.0.0.1:5555', broker],
      ['tcp://127.0.0.1:5556', live],
      ['tcp://127.0.0.1:5557', tracker],
      ...changes,
    ] as const) {
      if (!yaml.includes(from)) throw new Error(`configs/shop.yaml has no '${from}' any more`);
      yaml = yaml.replaceAll(from, to);
    }
    writeFileSync(this.config, yaml);
  }

  /** `reel-demo`, and where its console is. */
  async demo(flags: string[]): Promise<string> {
    const demo = this.spawn('reel-demo', ['-c', this.config, '--data', join(this.folder, 'data'), '--gateway-listen', '127.0.0.1:*', ...flags]);
    return (await demo.says(/^console: (\S+)$/m))[1]!;
  }

  /** A daemon by itself, once it is ready. */
  async daemon(name: 'reel-broker' | 'reel-tracker'): Promise<Program> {
    const program = this.spawn(name, ['-c', this.config]);
    await program.says(/ ready /);
    return program;
  }

  async gateway(): Promise<string> {
    const gateway = this.spawn('reel-gateway', ['-c', this.config, '--listen', '127.0.0.1:0']);
    return `http://${(await gateway.says(/ ready listen=(?:http:\/\/)?(\S+)/))[1]}/`;
  }

  service(name: string, flags: string[] = []): Program {
    return this.spawn(`shop-${name}`, ['--broker', this.endpoints.broker, ...flags]);
  }

  async close(): Promise<void> {
    for (const program of this.programs.reverse()) await program.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private spawn(name: string, args: string[]): Program {
    const program = new Program(name, spawn(join(programs, name), args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1' } }));
    this.programs.push(program);
    return program;
  }
}
