// FEATURE the first load is small: what index.html names, compressed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@playwright/test';

const dist = process.env.REEL_CONSOLE_OUT ?? fileURLToPath(new URL('../dist', import.meta.url));

/** A chunk and what it imports before it runs; what is imported on demand is not among it. */
function withImports(file: string, found: Set<string>): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  const text = readFileSync(join(dist, 'assets', file), 'utf8');
  for (const [, other] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) withImports(other!, found);
  return found;
}

test('the first load is below 300 kB compressed, with neither graphs nor plots nor scenarios in it', () => {
  const html = readFileSync(join(dist, 'index.html'), 'utf8');
  const named = [...html.matchAll(/(?:src|href)="\.\/assets\/([^"]+)"/g)].map((match) => match[1]!);
  expect(named.length).toBeGreaterThan(0);
  const files = new Set<string>();
  for (const file of named) {
    if (file.endsWith('.js')) withImports(file, files);
    else files.add(file);
  }
  const bytes = [...files].reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, 'assets', file))).length, gzipSync(html).length);
  console.log(`first load: ${(bytes / 1000).toFixed(1)} kB in ${files.size + 1} files`);
  expect(bytes).toBeLessThan(300_000);
  for (const file of files) expect(file).not.toMatch(/^(Graph|uplot|transport|Flow)-/);
});

test('nothing that is built names another host', () => {
  expect(existsSync(join(dist, 'reel.svg'))).toBe(true);
  expect(readFileSync(join(dist, 'index.html'), 'utf8')).not.toMatch(/https?:\/\//);
});
