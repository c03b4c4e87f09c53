import { existsSync } from 'node:fs'
import { type BrowserContext, chromium } from 'playwright-core'
import { scratchDirectory } from './scratch.js'

/** Where Debian puts it, and where others do. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** A real browser with an empty profile of its own: its cookies and its cache are shared with no other. */
export async function openBrowser(): Promise<BrowserContext> {
  const executablePath = PLACES.find((place) => existsSync(place))
  if (executablePath === undefined) throw new Error(`no chromium at ${PLACES.join(', ')}`)
  return chromium.launchPersistentContext(scratchDirectory('profile'), {
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
