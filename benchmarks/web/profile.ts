import type { Bench } from '../lib/scenario.js'
import { writeProfile } from '../lib/profile.js'
import { WEB_CONTENDERS } from './contenders/index.js'
import { chooseLoad, type Visits } from './load.js'
import type { Handler } from './page.js'
import { openSite } from './site.js'

const SECONDS = 3

/** Where the time of a page goes: a profile and a flame graph for each of ours, or for those named with `--with`. */
export async function profileSites(
  scenario: string,
  handler: Handler,
  visits: Omit<Visits, 'port' | 'seconds'>,
  bench: Bench,
): Promise<void> {
  const load = chooseLoad()
  for (const contender of WEB_CONTENDERS) {
    const { name, kind } = contender
    if (kind === 'front' || !(bench.isNamed ? bench.wanted(name) : name.startsWith('keepfresh')))
      continue
    const site = await openSite(contender, handler)
    try {
      const { port } = site
      await load.run({ ...visits, port, seconds: 2 })
      const page = typeof visits.page === 'number' ? visits.page + 10_000_000 : visits.page
      const profile = await site.profile(() =>
        load.run({ ...visits, page, port, seconds: SECONDS }),
      )
      bench.log(`\n${name}`)
      writeProfile(
        `${scenario}-${name.replaceAll(/\W+/g, '-')}`,
        `${scenario}: ${name}`,
        profile,
        bench,
      )
    } finally {
      await site.close()
    }
  }
}
