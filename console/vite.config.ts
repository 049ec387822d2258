/** The console is a static bundle: the server serves `dist`, and in development Vite passes calls on. */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const server = 'http://127.0.0.1:7400';

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: 'dist',
    target: 'es2022',
    // Fonts stay files of their own, so that a browser fetches only the alphabets it shows.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 600,
    rollupOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules\/(react|react-dom|scheduler)\// },
            { name: 'mantine', test: /node_modules\/@mantine\/(core|hooks|notifications|store)\// },
            { name: 'tanstack', test: /node_modules\/@tanstack\// },
          ],
        },
      },
    },
  },
  server: {
    port: 7401,
    proxy: Object.fromEntries(
      ['/v1', '/login', '/docs', '/healthz', '/git'].map((path) => [path, server]),
    ),
  },
});
