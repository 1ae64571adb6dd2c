// All tests lie beside the code that they test. Those that open sockets or start processes need the longer limit;
// a test of pure code that comes near it is broken.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: [
      'spec/**/*.test.ts',
      'reference/**/*.test.ts',
      'conformance/**/*.test.ts',
      'bench/**/*.test.ts',
    ],
    exclude: ['**/starters/**', '**/node_modules/**', 'dist/**'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Threads of tests that measure time must not fight for two cores.
    maxWorkers: 2,
  },
})
