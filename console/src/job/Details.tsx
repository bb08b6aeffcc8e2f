/** What is known of one step: its attempts, what happened in it, its document. */
import { Fragment } from 'react'
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components'
import type { Step } from '../api/types'
import { useLanguage } from '../i18n'
import { absolute, clock, duration, parse } from '../time'
import { CopyButton } from '../ui/controls'
import { Phase } from '../ui/phase'
import page from '../pages/pages.module.css'
import ui from '../ui/ui.module.css'
import { Prose } from './Cause'
import css from './job.module.css'
import type { JobStore } from './store'
import { name } from './Tree'
import { wordsOf } from './words'

export function Details(props: { store: JobStore; step: Step | undefined }) {
  const { messages } = useLanguage()
  const say = messages.job
  const { store, step } = props
  if (!step) {
    return (
      <section className={css.details} aria-label={say.details}>
        <p className={css.muted}>{say.choose}</p>
      </section>
    )
  }
  return (
    <section className={css.details} aria-label={say.details} data-testid="details">
      <h2>{name(step)}</h2>
      <Tabs className={ui.tabs ?? ''}>
        <TabList className={ui.tabList ?? ''} aria-label={say.details}>
          <Tab id="facts" className={ui.tab ?? ''}>
            {messages.cluster.overview}
          </Tab>
          <Tab id="attempts" className={ui.tab ?? ''}>
            {say.attempts} ({Math.max(step.attempt, store.attemptsOf(step.uid).length)})
          </Tab>
          <Tab id="events" className={ui.tab ?? ''}>
            {say.events}
          </Tab>
          <Tab id="document" className={ui.tab ?? ''}>
            {say.stepDocument}
          </Tab>
        </TabList>
        <TabPanel id="facts">
          <Facts step={step} />
        </TabPanel>
        <TabPanel id="attempts">
          <Attempts store={store} step={step} />
        </TabPanel>
        <TabPanel id="events">
          <Events store={store} step={step} />
        </TabPanel>
        <TabPanel id="document">
          <CopyButton small text={() => JSON.stringify(step, null, 2)} />
          <pre className={ui.code} tabIndex={0}>
            {JSON.stringify(step, null, 2)}
          </pre>
        </TabPanel>
      </Tabs>
    </section>
  )
}

function Facts(props: { step: Step }) {
  const { locale, messages } = useLanguage()
  const say = messages.job
  const { step } = props
  const began = parse(step.startedAt)
  const ended = parse(step.endedAt)
  const { estimate, cause } = step
  const facts: [string, React.ReactNode][] = [
    [say.phase, <Phase key="phase" phase={step.phase} cancelled={cause?.class === 'cancelled'} />],
    [say.cause, cause?.message ?? step.reason],
    [say.whatToDo, cause && <Prose key="action" text={wordsOf(cause, messages).action} />],
    [say.code, cause?.code && <code>{cause.code}</code>],
    [say.started, began !== null && absolute(began, locale)],
    [say.ended, ended !== null && absolute(ended, locale)],
    [say.time, step.duration !== null && duration(step.duration)],
    ['', estimate && say.usually(duration(estimate.p50), duration(estimate.p90))],
    [say.resource, step.resourceID && <code>{step.resourceID}</code>],
  ]
  return (
    <dl className={page.facts}>
      {facts
        .filter(([, value]) => value)
        .map(([title, value]) => (
          <Fragment key={title}>
            <dt>{title}</dt>
            <dd>{value}</dd>
          </Fragment>
        ))}
    </dl>
  )
}

function Attempts(props: { store: JobStore; step: Step }) {
  const { locale, messages } = useLanguage()
  const say = messages.job
  const attempts = props.store.attemptsOf(props.step.uid)
  if (attempts.length === 0) return <p className={css.muted}>{say.waiting}</p>
  return (
    <ul className={page.list}>
      {attempts.map((each) => {
        const began = parse(each.startedAt) ?? 0
        const ended = parse(each.endedAt)
        return (
          <li key={each.attempt}>
            <span>{say.attempt(each.attempt)}</span>
            <Phase phase={each.phase} />
            <span>
              {clock(began, locale)}
              {ended !== null && ` – ${clock(ended, locale)} (${duration((ended - began) / 1000)})`}
            </span>
            {each.reason && <span>{each.reason}</span>}
          </li>
        )
      })}
    </ul>
  )
}

function Events(props: { store: JobStore; step: Step }) {
  const { locale, messages } = useLanguage()
  const say = messages.job
  const told = props.store.told.filter((each) => each.uid === props.step.uid)
  if (told.length === 0) return <p className={css.muted}>{say.noEvents}</p>
  return (
    <div className={css.told} tabIndex={0} role="log" aria-label={say.events} aria-live="off">
      {told.map((each, index) => (
        <Fragment key={index}>
          <time dateTime={new Date(each.at).toISOString()} title={absolute(each.at, locale)}>
            {clock(each.at, locale)}
          </time>
          <span>
            {each.kind === 'phase'
              ? `${say.became(messages.phases[each.phase] ?? each.phase)}${each.attempt > 1 ? ` (${say.attempt(each.attempt)})` : ''}`
              : (say.levels[each.kind] ?? each.kind)}
            {each.text && `: ${each.text}`}
          </span>
        </Fragment>
      ))}
    </div>
  )
}
