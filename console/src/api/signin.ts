/** Signing in and changing projects, by the public identity service. */
import { call, send } from './client'
import { begin, session, type Project } from './session'

interface TokenBody {
  token: { expires_at: string; user: { name: string; domain: { name: string } } }
}

export class NoProject extends Error {}

async function token(identity: unknown, scope?: unknown): Promise<{ id: string; body: TokenBody }> {
  const auth = scope ? { identity, scope } : { identity }
  const answer = await send('/v3/auth/tokens', { method: 'POST', body: { auth }, token: null })
  return { id: answer.headers.get('X-Subject-Token') ?? '', body: (await answer.json()) as TokenBody }
}

/** Sign in. Throws Refusal, Unreachable, and NoProject where the user has none. */
export async function signIn(account: string, user: string, password: string): Promise<void> {
  const first = await token({
    methods: ['password'],
    password: { user: { name: user, domain: { name: account }, password } },
  })
  const { projects } = await call<{ projects: Project[] }>('/v3/auth/projects', { token: first.id })
  const usual = remembered()
  const project = projects.find((each) => each.id === usual) ?? projects[0]
  if (!project) throw new NoProject()
  await scoped(first.id, project, projects)
}

/** Work in another project from now on. */
export async function changeProject(project: Project): Promise<void> {
  const now = session()
  if (now) await scoped(now.token, project, now.projects)
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
    project: { id: project.id, name: project.name },
    projects: projects.map(({ id, name }) => ({ id, name })),
  })
}

const KEY = 'clusterwright.project'

function remembered(): string | null {
  return localStorage.getItem(KEY)
}

function remember(id: string): void {
  localStorage.setItem(KEY, id)
}
