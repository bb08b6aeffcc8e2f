/** The request as commands of a shell. */
import { isObject } from './code/facts'
import { placeholder, type Request } from './request'
import { isInParts } from './spec'

/** A word that a POSIX shell takes as it is. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

export function curl(request: Request, origin: string): string {
  const { method } = request.operation
  const head = method === 'HEAD' ? ' --head' : method === 'GET' ? '' : ` --request ${method}`
  const lines = [`curl${head} ${quoted(origin + request.address)}`, '--header "X-Auth-Token: $TOKEN"']
  for (const [name, value] of request.headers) lines.push(`--header ${quoted(`${name}: ${value}`)}`)
  if (isInParts(request.operation)) {
    for (const [name, value] of Object.entries(isObject(request.body) ? request.body : {})) {
      const file = request.operation.requestBody?.content['multipart/form-data']?.schema?.properties?.[name]?.format
      lines.push(file ? `--form ${quoted(`${name}=@${value}`)}` : `--form-string ${quoted(`${name}=${value}`)}`)
    }
  } else if (request.body !== undefined) {
    lines.push(`--header 'Content-Type: application/json'`)
    lines.push(`--data-raw ${quoted(JSON.stringify(request.body, null, 2))}`)
  }
  return `${lines.join(' \\\n  ')}\n`
}

type Words = (value: (name: string) => string, body: (...path: string[]) => unknown) => string[]

/** The commands that ask for the same as an operation. Ids are taken where names are, too. */
const COMMANDS: Record<string, Words> = {
  ListClusters: () => ['cluster', 'list'],
  ShowCluster: (value) => ['cluster', 'show', value('cluster_id')],
  CreateCluster: (_, body) => [
    'cluster',
    'create',
    text(body('metadata', 'name'), 'name'),
    ...option('--version', body('spec', 'version')),
    ...option('--flavor', body('spec', 'flavor')),
    ...option('--vpc', body('spec', 'hostNetwork', 'vpc')),
    ...option('--subnet', body('spec', 'hostNetwork', 'subnet')),
    ...option('--mode', body('spec', 'containerNetwork', 'mode')),
    ...option('--cidr', body('spec', 'containerNetwork', 'cidr')),
    '--no-wait',
  ],
  HibernateCluster: (value) => ['cluster', 'hibernate', value('cluster_id'), '--no-wait'],
  AwakeCluster: (value) => ['cluster', 'awake', value('cluster_id'), '--no-wait'],
  DeleteCluster: (value) => ['cluster', 'delete', value('cluster_id'), '--no-wait'],
  CreateKubernetesClusterCert: (value) => ['cluster', 'kubeconfig', value('cluster_id')],
  ListNodes: (value) => ['node', 'list', value('cluster_id')],
  ShowNode: (value) => ['node', 'show', value('cluster_id'), value('node_id')],
  DeleteNode: (value) => ['node', 'delete', value('cluster_id'), value('node_id'), '--no-wait'],
  ListNodePools: (value) => ['nodepool', 'list', value('cluster_id')],
  ShowNodePool: (value) => ['nodepool', 'show', value('cluster_id'), value('nodepool_id')],
  DeleteNodePool: (value) => ['nodepool', 'delete', value('cluster_id'), value('nodepool_id'), '--no-wait'],
  ListAddonTemplates: () => ['addon', 'templates'],
  ListAddonInstances: (value) => ['addon', 'list', value('cluster_id')],
  ShowJob: (value) => ['job', 'show', value('job_id')],
  ShowJobInFull: (value) => ['job', 'explain', value('job_id')],
  ListJobHistory: () => ['job', 'list'],
  CancelJob: (value, body) => [
    'job',
    'cancel',
    value('job_id'),
    ...(body('mode') === 'after-step' ? ['--after-step'] : []),
    ...option('--reason', body('reason')),
    '--no-wait',
  ],
  ResumeJob: (value) => ['job', 'resume', value('job_id'), '--no-wait'],
  CreateWebhook: (_, body) => [
    'webhook',
    'create',
    text(body('url'), 'url'),
    ...option('--description', body('description')),
  ],
  ListWebhooks: () => ['webhook', 'list'],
  ShowWebhook: (value) => ['webhook', 'show', value('webhook_id')],
  DeleteWebhook: (value) => ['webhook', 'delete', value('webhook_id')],
  ListWebhookDeliveries: (value) => ['webhook', 'deliveries', value('webhook_id')],
  ResendWebhookDelivery: (value) => ['webhook', 'resend', value('webhook_id'), value('delivery_id')],
}

function text(value: unknown, name: string): string {
  return typeof value === 'string' && value ? value : placeholder(name)
}

function option(name: string, value: unknown): string[] {
  return typeof value === 'string' && value ? [name, value] : []
}

/** The command that does the same, or null where there is none. It takes less than the API does. */
export function command(request: Request): string | null {
  const words = COMMANDS[request.operation.operationId]
  if (!words) return null
  const value = (name: string) =>
    request.parameters.find(({ parameter }) => parameter.name === name)?.value ?? placeholder(name)
  const body = (...path: string[]) =>
    path.reduce<unknown>((inside, name) => (isObject(inside) ? inside[name] : undefined), request.body)
  return `clusterwright ${words(value, body).map(quoted).join(' ')}\n`
}
