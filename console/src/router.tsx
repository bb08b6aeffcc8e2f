/** Which address shows which page. */
import { useMutation } from '@tanstack/react-query'
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Link,
  redirect,
  type ErrorComponentProps,
} from '@tanstack/react-router'
import { Refusal, Unreachable } from './api/client'
import { isThere, wanted } from './api/files'
import { session } from './api/session'
import { useMessages } from './i18n'
import { Shell } from './shell'
import { Button } from './ui/controls'
import { Empty, Failure } from './ui/states'

type Search = Record<string, string>

/** A search of texts only, those without a value left out. */
function texts<K extends string>(...names: K[]) {
  return (search: Record<string, unknown>): { [N in K]?: string } => {
    const found: Search = {}
    for (const name of names) {
      const value = search[name]
      if (value !== undefined && value !== null && value !== '') found[name] = String(value)
    }
    return found as { [N in K]?: string }
  }
}

const root = createRootRoute()

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/signin',
  validateSearch: texts('next'),
  component: lazyRouteComponent(() => wanted(() => import('./pages/SignIn')), 'SignIn'),
})

const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  beforeLoad: ({ location }) => {
    if (!session() && !isPublic(location.pathname)) throw redirect({ to: '/signin', search: next(location.href) })
  },
  component: Shell,
})

/** What can be read without signing in. */
export function isPublic(path: string): boolean {
  return /^\/explorer(\/|$)/.test(path)
}

/** The place to come back to after signing in, when it is not the usual one. */
export function next(href: string): { next?: string } {
  return href === '/' ? {} : { next: href }
}

const clusters = createRoute({
  getParentRoute: () => inside,
  path: '/',
  validateSearch: texts('search', 'phase', 'driver'),
  component: lazyRouteComponent(() => wanted(() => import('./pages/Clusters')), 'Clusters'),
})

const cluster = createRoute({
  getParentRoute: () => inside,
  path: '/clusters/$clusterId',
  validateSearch: texts('tab'),
  component: lazyRouteComponent(() => wanted(() => import('./pages/Cluster')), 'ClusterPage'),
})

/** So many seconds ago that there was a time then. */
const SECONDS = /^\d{1,9}$/

const jobs = createRoute({
  getParentRoute: () => inside,
  path: '/jobs',
  validateSearch: (search: Record<string, unknown>) => {
    const found = texts('phase', 'type', 'cluster', 'since')(search)
    if (!SECONDS.test(found.since ?? '')) found.since = ''
    return found
  },
  component: lazyRouteComponent(() => wanted(() => import('./pages/Jobs')), 'Jobs'),
})

const job = createRoute({
  getParentRoute: () => inside,
  path: '/jobs/$jobId',
  validateSearch: texts('step'),
  component: lazyRouteComponent(() => wanted(() => import('./pages/Job')), 'JobPage'),
})

const faults = createRoute({
  getParentRoute: () => inside,
  path: '/faults',
  component: lazyRouteComponent(() => wanted(() => import('./pages/Faults')), 'FaultsPage'),
})

const access = createRoute({
  getParentRoute: () => inside,
  path: '/access',
  component: lazyRouteComponent(() => wanted(() => import('./pages/Access')), 'AccessPage'),
})

const explorer = createRoute({
  getParentRoute: () => inside,
  path: '/explorer',
  validateSearch: texts('search', 'lang', 'body'),
  component: lazyRouteComponent(() => wanted(() => import('./pages/Explorer')), 'Explorer'),
})

const operation = createRoute({ getParentRoute: () => explorer, path: '$operationId' })

const unknown = createRoute({ getParentRoute: () => inside, path: '$', component: NotFound })

export function makeRouter() {
  return createRouter({
    routeTree: root.addChildren([
      signIn,
      inside.addChildren([clusters, cluster, jobs, job, faults, access, explorer.addChildren([operation]), unknown]),
    ]),
    basepath: '/console',
    defaultPreload: 'intent',
    scrollRestoration: true,
    defaultErrorComponent: Crashed,
    // Plain texts in addresses, without the quotes of JSON.
    parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
    stringifySearch: (search) => {
      const kept = Object.entries(search).filter(([, value]) => value !== undefined && value !== '')
      const text = new URLSearchParams(kept as [string, string][]).toString()
      return text ? `?${text}` : ''
    },
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
}

function NotFound() {
  const messages = useMessages()
  return (
    <Empty title={messages.app.notFound}>
      <h1 className="visually-hidden">{messages.app.notFound}</h1>
      <p>{messages.app.notFoundText}</p>
      <Link to="/">{messages.app.toClusters}</Link>
    </Empty>
  )
}

function Crashed(props: ErrorComponentProps) {
  const messages = useMessages()
  if (props.error instanceof Unreachable || props.error instanceof Refusal) return <Away error={props.error} />
  return (
    <Empty title={messages.app.crashed}>
      <p>{messages.app.crashedText}</p>
      <p>
        <code>{String(props.error)}</code>
      </p>
      <Button onPress={() => location.reload()}>{messages.app.reload}</Button>
    </Empty>
  )
}

/** In the place of a page that could not be loaded from a server that was away. */
function Away(props: { error: Error }) {
  const messages = useMessages()
  const again = useMutation({ mutationFn: isThere, onSuccess: () => location.reload() })
  return (
    <>
      <h1 className="visually-hidden">{messages.app.error}</h1>
      <Failure error={again.error ?? props.error} onRetry={() => again.mutate()} />
    </>
  )
}
