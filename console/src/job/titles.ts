/** What a job is called. */
import type { Job } from '../api/types'
import type { Messages } from '../i18n/en'

export type Words = Messages

export function titleOf(job: Pick<Job, 'type' | 'resourceName'>, messages: Words): string {
  return [messages.job.titles[job.type] ?? job.type, job.resourceName].filter(Boolean).join(' ')
}
