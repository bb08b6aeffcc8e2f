/** Signing in and changing projects, by the public identity service. */
import { call, send } from './client'
import { begin, session, type Project, type Proof } from './session'
import type { AccessKey } from './signature'

interface TokenBody {
  token: { expires_at: string; user: { name: string; domain: { name: string } } }
}

export class NoProject extends Error {}

async function token(identity: unknown, scope?: unknown): Promise<{ id: string; body: TokenBody }> {
  const auth = scope ? { identity, scope } : { identity }
  const answer = await send('/v3/auth/tokens', { method: 'POST', body: { auth }, proof: null })
  return { id: answer.headers.get('X-Subject-Token') ?? '', body: (await answer.json()) as TokenBody }
}

/** Sign in. Throws Refusal, Unreachable, and NoProject where the user has none. */
export async function signIn(account: string, user: string, password: string): Promise<void> {
  const first = await token({
    methods: ['password'],
    password: { user: { name: user, domain: { name: account }, password } },
  })
  const { projects, project } = await projectsOf({ token: first.id })
  await scoped(first.id, project, projects)
}

async function projectsOf(proof: Proof): Promise<{ projects: Project[]; project: Project }> {
  const found = await call<{ projects: Project[] }>('/v3/auth/projects', { proof })
  const projects = found.projects.map(({ id, name }) => ({ id, name }))
  const usual = remembered()
  const project = projects.find((each) => each.id === usual) ?? projects[0]
  if (!project) throw new NoProject()
  return { projects, project }
}

const LASTING = 86_400
/** Seconds that a session by key lasts; no temporary key is good for longer. */

interface Temporary {
  credential: { access: string; secret: string; securitytoken: string; expires_at: string }
}

/**
 * Sign in with an access key. It signs one request, for a temporary key that signs all others: so
 * what the tab keeps ends by itself. Throws as signIn does.
 */
export async function signInByKey(key: AccessKey): Promise<void> {
  const identity = { methods: ['token'], token: { duration_seconds: LASTING } }
  const { credential } = await call<Temporary>('/v3.0/OS-CREDENTIAL/securitytokens', {
    method: 'POST',
    body: { auth: { identity } },
    proof: { token: '', keys: key },
  })
  const keys = { access: credential.access, secret: credential.secret }
  const proof = { token: credential.securitytoken, keys }
  const [{ projects, project }, { domains }, caller] = await Promise.all([
    projectsOf(proof),
    call<{ domains: Project[] }>('/v3/auth/domains', { proof }),
    call<{ principal_urn: string }>('/v5/caller-identity', { proof }),
  ])
  remember(project.id)
  begin({
    ...proof,
    expiresAt: credential.expires_at,
    // iam::<account>:user:<name>
    user: caller.principal_urn.split(':').slice(4).join(':'),
    account: domains[0]?.name ?? '',
    project,
    projects,
  })
}

/** Work in another project from now on. */
export async function changeProject(project: Project): Promise<void> {
  const now = session()
  if (!now) return
  if (!now.keys) return scoped(now.token, project, now.projects)
  remember(project.id)
  begin({ ...now, project })
}

async function scoped(proof: string, project: Project, projects: Project[]): Promise<void> {
  const { id, body } = await token(
    { methods: ['token'], token: { id: proof } },
    { project: { id: project.id } },
  )
  remember(project.id)
  begin({
    token: id,
    expiresAt: body.token.expires_at,
    user: body.token.user.name,
    account: body.token.user.domain.name,
    project,
    projects,
  })
}

const KEY = 'clusterwright.project'

function remembered(): string | null {
  return localStorage.getItem(KEY)
}

function remember(id: string): void {
  localStorage.setItem(KEY, id)
}
