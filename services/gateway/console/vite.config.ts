// How the console is built: one page, what it draws graphs and plots with in chunks of their own.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Relative, so that the gateway may serve it under any path.
  base: './',
  plugins: [svelte()],
  build: {
    outDir: process.env.REEL_CONSOLE_OUT ?? 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // Nothing is inlined: the gateway's content security policy allows files of its own only.
    assetsInlineLimit: 0,
    rollupOptions: {
      onwarn(warning, warn) {
        // Of the compiler's own comments, which it may drop.
        if (warning.code !== 'INVALID_ANNOTATION' && warning.code !== 'SOURCEMAP_ERROR') warn(warning);
      },
    },
  },
  server: {
    host: '127.0.0.1',
    // `npm run dev` beside a running gateway.
    proxy: { '/v1': process.env.REEL_GATEWAY ?? 'http://127.0.0.1:8080' },
  },
  preview: { host: '127.0.0.1' },
  // Generous: other tests may have the machine.
  test: { include: ['src/**/*.test.ts'], environment: 'node', testTimeout: 60_000 },
});
