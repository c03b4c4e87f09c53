import { serve } from '../support/processes.js'
import { startApplication } from './application.js'

const service = { start: startApplication }
export type ApplicationService = typeof service

serve(service)
