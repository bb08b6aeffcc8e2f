// How the console is built: into files that a strict policy lets load, packed beforehand.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import optimizeLocales from '@react-aria/optimize-locales-plugin'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const TEXT = /\.(js|css|html|svg|txt)$/
const LEAST = 1024

/** Write each larger text again as gzip and as brotli, so that the server packs nothing. */
function packed() {
  let folder = ''
  return {
    name: 'packed',
    apply: 'build',
    configResolved: (config) => void (folder = config.build.outDir),
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true })) {
        if (!TEXT.test(name)) continue
        const path = join(folder, name)
        const text = readFileSync(path)
        if (text.length < LEAST) continue
        writeFileSync(`${path}.gz`, gzipSync(text, { level: 9 }))
        const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: text.length }
        writeFileSync(`${path}.br`, brotliCompressSync(text, { params }))
      }
    },
  }
}

/** Put the licences of everything that is bundled beside it. */
function licences() {
  const found = new Map()
  return {
    name: 'licences',
    apply: 'build',
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        for (const id of Object.keys(chunk.modules ?? {})) {
          const match = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(id.replace(/^\0/, ''))
          if (match && !found.has(match[2])) found.set(match[2], match[1])
        }
      }
      const parts = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, folder]) => {
        const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
        const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each))
        const text = file ? readFileSync(join(folder, file), 'utf8').trim() : ''
        return `${name} ${about.version} (${about.license})\n\n${text}`
      })
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source: parts.join(`\n\n${'-'.repeat(80)}\n\n`) + '\n' })
    },
  }
}

export default defineConfig({
  base: '/console/',
  plugins: [
    { ...optimizeLocales.vite({ locales: ['en-US', 'zh-CN'] }), enforce: 'pre' },
    react(),
    licences(),
    packed(),
  ],
  build: {
    outDir: process.env.CONSOLE_OUT ?? '../src/clusterwright/console',
    emptyOutDir: true,
    target: 'es2023',
    // The policy lets no data: address load, and no inline script run.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: Object.fromEntries(
      ['/api', '/v3', '/clusterwright', '/autopilot', '/openapi.json'].map((path) => [
        path,
        process.env.CONSOLE_SERVER ?? 'http://127.0.0.1:8900',
      ]),
    ),
  },
})
