/** One job: why it failed, where it is, when each step ran; live while it runs. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useEffect, useMemo, useState } from 'react'
import { beside, newKey, post } from '../api/client'
import { officialJobQuery } from '../api/queries'
import type { Job, Step } from '../api/types'
import { useMessages } from '../i18n'
import { CancelJob } from '../job/CancelJob'
import { CauseStrip } from '../job/Cause'
import { Details } from '../job/Details'
import css from '../job/job.module.css'
import { rowsOf, type Filter } from '../job/rows'
import { wholeSpan, zoomed } from '../job/scale'
import type { JobStore } from '../job/store'
import { titleOf, type Words } from '../job/titles'
import { wordsOf } from '../job/words'
import { name, Tree } from '../job/Tree'
import { useJob } from '../job/use'
import { duration, parse, useNow } from '../time'
import { useTitle, type Picture } from '../title'
import { Button, CopyButton, Dialog, Field, Select } from '../ui/controls'
import { Phase } from '../ui/phase'
import { Empty, Failure, Note, Refused, Skeleton } from '../ui/states'
import ui from '../ui/ui.module.css'
import { Refusal } from '../api/client'
import page from './pages.module.css'

export function JobPage() {
  const { jobId } = useParams({ from: '/inside/jobs/$jobId' })
  const messages = useMessages()
  const store = useJob(jobId)
  const { job } = store
  useTitle(job ? titleOf(job, messages) : messages.job.kind, pictureOf(job))
  if (!job) {
    if (!store.error) return <Skeleton rows={10} />
    const gone = store.error instanceof Refusal && store.error.isGone
    return gone ? (
      <Empty title={messages.app.gone}>
        <h1 className="visually-hidden">{messages.job.kind}</h1>
        <p>{messages.job.gone}</p>
        <Link to="/jobs">{messages.app.jobs}</Link>
      </Empty>
    ) : (
      <>
        <h1 className="visually-hidden">{messages.job.kind}</h1>
        <Failure error={store.error} onRetry={() => location.reload()} />
      </>
    )
  }
  return <Shown key={job.uid} store={store} job={job} />
}

function Shown(props: { store: JobStore; job: Job }) {
  const { store, job } = props
  const messages = useMessages()
  const say = messages.job
  const search = useSearch({ from: '/inside/jobs/$jobId' })
  const navigate = useNavigate({ from: '/jobs/$jobId' })
  const queries = useQueryClient()
  const [filter, setFilter] = useState<Filter>('all')
  const [text, setText] = useState('')
  const [opened, setOpened] = useState<ReadonlyMap<string, boolean>>(new Map())
  const [zoom, setZoom] = useState(1)
  const [following, setFollowing] = useState(true)
  const [dialog, setDialog] = useState<'' | 'document' | 'cancel'>('')

  // A failed job opens at its first cause.
  const selected = search.step ?? (job.phase === 'Failed' ? job.cause?.step : undefined)
  const select = (uid: string | undefined) => {
    setFollowing(false)
    void navigate({ search: uid ? { step: uid } : {}, replace: true, resetScroll: false })
  }

  const { version } = store
  const rows = useMemo(() => rowsOf(store, opened, filter, text), [store, opened, filter, text, version])

  const origin = parse(job.startedAt) ?? parse(job.submittedAt) ?? 0
  const ended = store.isFinal ? lastEnd(store) : null
  const tick = useNow(store.isFinal ? 0 : 1000)
  const expected = (job.estimate?.p50 ?? 0) * 1000
  const whole = wholeSpan(origin, ended, tick, expected)
  const step = selected ? store.step(selected) : undefined
  const around = parse(step?.startedAt) ?? ended ?? tick
  const part = zoom === 1 ? whole : zoomed(whole, zoom, around)
  const span = useMemo(() => part, [part.from, part.to])

  const resume = useMutation({
    mutationFn: () => post<{ jobUID: string }>(beside(`/jobs/${job.uid}/resume`), {}, newKey()),
    onSuccess: ({ jobUID }) => {
      void queries.invalidateQueries()
      void navigate({ to: '/jobs/$jobId', params: { jobId: jobUID }, search: {} })
    },
  })
  const leaves = store.isFinal
    ? store.order.filter((uid) => !store.children.has(uid)).flatMap((uid) => store.step(uid) ?? [])
    : []
  const failed = leaves.filter((each) => each.phase === 'Failed' && each.uid !== job.cause?.step).length
  const skipped = leaves.filter((each) => each.phase === 'Initializing').length

  return (
    <>
      <p className={page.crumbs}>
        <Link to="/jobs">{messages.app.jobs}</Link>
        <span aria-hidden="true">›</span>
        {job.clusterUID ? (
          <Link to="/clusters/$clusterId" params={{ clusterId: job.clusterUID }}>
            {say.openCluster}
          </Link>
        ) : (
          <span>{job.type}</span>
        )}
      </p>
      <Summary store={store} job={job} now={tick} />
      {store.error !== null && <Failure error={store.error} mild />}
      {job.phase === 'Failed' && job.cause && (
        <CauseStrip
          cause={job.cause}
          step={store.step(job.cause.step)}
          alsoFailed={failed}
          neverStarted={skipped}
          asText={() => asText(store, job, messages)}
          onSelect={select}
          resume={{ can: job.actions.resume, busy: resume.isPending, run: () => resume.mutate() }}
        />
      )}
      <Refused error={resume.error} />
      {store.isOlder && (
        <Note>
          <p>{say.older}</p>
        </Note>
      )}
      <div className={css.tools}>
        {job.actions.cancel && (
          <Button kind="danger" icon="stop" onPress={() => setDialog('cancel')}>
            {say.cancel}
          </Button>
        )}
        {job.actions.resume && !job.cause && (
          <Button icon="play" isPending={resume.isPending} onPress={() => resume.mutate()}>
            {say.resume}
          </Button>
        )}
        <CopyButton icon="link" label={say.copyLink} text={() => location.href} />
        <Button icon="document" onPress={() => setDialog('document')}>
          {say.document}
        </Button>
        <span className={css.gap} />
        <div className={css.search}>
          <Field label={say.search} hideLabel placeholder={say.search} value={text} onChange={setText} />
        </div>
        <div className={css.filter}>
          <Select
            label={say.filter}
            hideLabel
            value={filter}
            onChange={(next) => setFilter(next as Filter)}
            options={Object.entries(say.filters).map(([id, text]) => ({ id, text }))}
          />
        </div>
        {!store.isFinal && !following && (
          <Button
            onPress={() => {
              setFollowing(true)
              setZoom(1)
            }}
          >
            {say.follow}
          </Button>
        )}
        <div className={css.zoom}>
          <Button aria-label={say.zoomOut} icon="minus" isDisabled={zoom <= 1} onPress={() => setZoom(zoom / 2)} />
          <Button aria-label={say.zoomIn} icon="plus" isDisabled={zoom >= 64} onPress={() => setZoom(zoom * 2)} />
          <Button aria-label={say.zoomReset} icon="fit" isDisabled={zoom === 1} onPress={() => setZoom(1)} />
        </div>
      </div>
      <div className={css.panels}>
        {rows.length === 0 ? (
          <Empty title={say.nothing} />
        ) : (
          <Tree
            store={store}
            rows={rows}
            span={span}
            origin={origin}
            selected={selected}
            following={following}
            onSelect={select}
            onManual={() => setFollowing(false)}
            onOpen={(id, open) => {
              setFollowing(false)
              setOpened((before) => new Map(before).set(id, open))
            }}
          />
        )}
        <Details store={store} step={step} />
      </div>
      <Announcer job={job} />
      {dialog === 'cancel' && <CancelJob store={store} job={job} onClose={() => setDialog('')} />}
      <Dialog title={say.document} wide isOpen={dialog === 'document'} onClose={() => setDialog('')}>
        <Document id={job.uid} />
      </Dialog>
    </>
  )
}

function Summary(props: { store: JobStore; job: Job; now: number }) {
  const { store, job, now } = props
  const messages = useMessages()
  const say = messages.job
  const percent = Math.floor(job.progress * 100)
  const began = parse(job.startedAt)
  const seconds = job.duration ?? (began === null ? null : ((parse(job.endedAt) ?? now) - began) / 1000)
  const cancelled = job.cause?.class === 'cancelled'
  const ending = cancelled ? page.barCancelled : page.barFailed
  const look = store.isFinal ? (job.phase === 'Failed' ? ending : page.barDone) : ''
  return (
    <div className={css.summary}>
      <h1>{titleOf(job, messages)}</h1>
      <Phase phase={job.phase} cancelled={cancelled} />
      <div
        className={`${css.progress} ${page.bar} ${look}`}
        role="progressbar"
        aria-label={say.progress}
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
      >
        <span style={{ transform: `scaleX(${job.progress})` }} />
      </div>
      <span>{percent} %</span>
      {seconds !== null && <span>{store.isFinal ? say.ran(duration(seconds)) : say.running(duration(seconds))}</span>}
      {!store.isFinal && <Estimate job={job} now={now} />}
      {job.attempt > 1 && <span>{say.attempt(job.attempt)}</span>}
      {job.continues && (
        <Link to="/jobs/$jobId" params={{ jobId: job.continues }}>
          {say.continues}
        </Link>
      )}
      {job.continuedBy && (
        <Link to="/jobs/$jobId" params={{ jobId: job.continuedBy }}>
          {say.continuedBy}
        </Link>
      )}
      {job.cancel && !store.isFinal && <span>{say.cancelAsked(job.cancel.reason)}</span>}
      <span
        className={`${css.live} ${store.connection === 'live' ? css.isLive : ''} ${store.connection === 'offline' ? css.isOffline : ''}`}
        data-connection={store.connection}
      >
        <span className={css.dot} />
        {say.live[store.connection]}
      </span>
    </div>
  )
}

/** What is left, in words; nothing where there is no history to tell it from. */
function Estimate(props: { job: Job; now: number }) {
  const say = useMessages().job
  const { estimate, startedAt } = props.job
  const began = parse(startedAt)
  if (!estimate) return null
  if (estimate.slow) return <span>{say.slow}</span>
  if (estimate.remaining === null || began === null) return null
  const left = estimate.p50 - (props.now - began) / 1000
  return left > 0 ? <span>{say.left(duration(left), duration(estimate.p50), estimate.samples)}</span> : null
}

const SILENCE = 5_000

/** The one voice of the page: at most a sentence in five seconds, about the job as a whole. */
function Announcer(props: { job: Job }) {
  const messages = useMessages()
  const { phase, progress } = props.job
  const sentence = messages.job.announce(messages.phases[phase] ?? phase, Math.floor(progress * 10) * 10)
  const [said, setSaid] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => setSaid(sentence), said ? SILENCE : 0)
    return () => clearTimeout(timer)
  }, [sentence, said])
  return (
    <p className="visually-hidden" role="status">
      {said}
    </p>
  )
}

function Document(props: { id: string }) {
  const messages = useMessages()
  const found = useQuery(officialJobQuery(props.id))
  if (found.isPending) return <Skeleton />
  if (!found.data) return <Failure error={found.error} />
  const text = JSON.stringify(found.data, null, 2)
  return (
    <>
      <p className={page.muted}>{messages.job.documentText}</p>
      <div>
        <CopyButton small text={() => text} />
      </div>
      <pre className={ui.code} tabIndex={0}>
        {text}
      </pre>
    </>
  )
}

function pictureOf(job: Job | null): Picture {
  if (job?.phase === 'Success') return 'success'
  if (job?.phase === 'Failed') return 'failed'
  return job ? 'running' : 'icon'
}

function lastEnd(store: JobStore): number {
  const ends = store.order.map((uid) => parse(store.step(uid)?.endedAt) ?? 0)
  return Math.max(parse(store.job?.endedAt) ?? 0, ...ends)
}

/** A block for a chat or a ticket. */
function asText(store: JobStore, job: Job, messages: Words): string {
  const { cause } = job
  const step: Step | undefined = cause ? store.step(cause.step) : undefined
  return [
    `${titleOf(job, messages)}: ${job.phase}`,
    cause && `${messages.job.failedStep}: ${step ? name(step) : cause.stepType}`,
    cause && `${messages.job.cause}: ${cause.message}`,
    cause && `${messages.job.whatToDo}: ${wordsOf(cause, messages).action}`,
    cause?.code && `${messages.job.code}: ${cause.code}`,
    location.href,
  ]
    .filter(Boolean)
    .join('\n')
}
