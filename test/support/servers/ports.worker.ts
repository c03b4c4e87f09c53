import { serve } from '../processes.js'
import { freePort } from './ports.js'

/** A process that wants a port as well. */
const service = { take: freePort }
export type PortService = typeof service
serve(service)
