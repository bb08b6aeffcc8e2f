// Reads {"page", "origin", "facts": {language: facts}, "wishes"?: [...]} and writes the code of each wish.
// The first argument is the folder of the console, the second a folder to build the generator in.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [console_, built] = process.argv.slice(2)
const { rolldown } = await import(pathToFileURL(createRequire(join(console_, 'package.json')).resolve('rolldown')))
const bundle = await rolldown({ input: join(import.meta.dirname, 'entry.ts'), platform: 'node', logLevel: 'silent' })
await bundle.write({ dir: built, entryFileNames: 'entry.mjs', chunkFileNames: '[name].mjs' })
const { sample, wishes } = await import(pathToFileURL(join(built, 'entry.mjs')))

let text = ''
for await (const chunk of process.stdin) text += chunk
const asked = JSON.parse(text)
const made = asked.wishes ?? wishes(asked.page, asked.origin)
for (const each of made) {
  each.samples = {}
  for (const [language, facts] of Object.entries(asked.facts)) each.samples[language] = sample(language, facts, each.wish)
}
process.stdout.write(JSON.stringify(made))
