/** 失败原因的中文说明，按服务器给出的错误码；人为设置的故障另按类别区分。 */
import type { CauseWords } from './en'

export const causes: Record<string, CauseWords> = {
  Gone: { means: '任务的对象已被删除。', action: '如仍需要，请重新创建。' },
  BadOption: { means: '参数的取值不被允许。', action: '请改用允许的取值后重新提交。' },
  BadCertificateName: { means: '证书中的名称无效。', action: '请修改集群的 spec.customSan 后重新提交。' },
  BadId: { means: 'ID 无效。', action: '请使用本服务器给出的 ID。' },
  Refused: { means: 'API 服务器拒绝了请求。', action: '请按 API 服务器的提示修改后重新提交。' },
  AddressTaken: { means: '地址已被占用。', action: '请删除占用该地址的资源后继续，或改用其他地址。' },
  NoServiceAccount: { means: '集群中没有这个服务账号。', action: '请先在集群中创建该服务账号。' },
  NoControlPlane: { means: '集群没有可休眠的控制面。', action: '请删除集群后重新创建。' },
  VersionTooOld: { means: 'Kubernetes 版本过旧。', action: '请改用较新的 Kubernetes 版本。' },
  BadChart: { means: '模板或其参数有误。', action: '请修改模板或参数后重新提交。' },
  ChartGone: { means: '模板已不存在。', action: '请重新上传模板后再安装。' },
  RevisionGone: { means: '该版本已不在历史记录中。', action: '请回滚到历史记录中仍列出的版本。' },
  ReleaseFailed: { means: '模板实例在集群中失败。', action: '请在集群中解决所述问题后继续，或提交修改后的参数。' },
  ChartTimeout: { means: '模板实例没有在规定时间内就绪。', action: '请在集群中查看未就绪的资源，解决后继续。' },
  NoAddressLeft: { means: '地址已用完。', action: '请删除集群中不需要的节点后继续。' },
  HostNotReady: {
    means: '服务器主机不满足要求。',
    action: '请在服务器主机上运行 `clusterwright kubernetes check`，解决其列出的问题后继续。',
  },
  VersionNotInstalled: {
    means: '主机上没有该版本的程序。',
    action: '请安装能运行该版本的程序（`clusterwright kubernetes check`）后继续。',
  },
  ProgramMissing: { means: '缺少所需的程序。', action: '请安装该程序并新建集群：当前集群创建时没有它。' },
  ComponentFailing: {
    means: '控制面组件运行失败。',
    action: '请查看组件日志（`clusterwright kubernetes logs`），解决所述问题后继续。',
  },
  ControlPlaneNotReady: { means: '控制面暂时没有应答。', action: '请等控制面恢复应答后重试。' },
  ProgramFailed: { means: '程序执行失败。', action: '请按程序的提示解决问题后重试。' },
  SnapshotUnusable: { means: '快照文件无法使用。', action: '请为快照选择另一个文件。' },
  StepTimeout: { means: '步骤没有在规定时间内完成。', action: '请在该步骤的消息中查看它在等待什么，解决后继续。' },
  Cancelled: { means: '任务被取消。', action: '可以从停止处继续，或删除已创建的内容。' },
  InternalError: { means: '服务器内部错误。', action: '请联系服务器管理员在日志中查找该任务，解决后继续。' },
  'SimulatedFault.user': { means: '这是一个人为设置的故障。', action: '请修改请求后重新提交。' },
  'SimulatedFault.quota': { means: '这是一个人为设置的故障。', action: '请释放部分配额或申请提高配额后继续。' },
  'SimulatedFault.capacity': {
    means: '这是一个人为设置的故障。',
    action: '请等待容量释放，或改用其他规格、可用区后继续。',
  },
  'SimulatedFault.provider': {
    means: '这是一个人为设置的故障。',
    action: '请清除故障（本控制台的“故障”页面或 `clusterwright fault clear`）后继续。',
  },
  'SimulatedFault.internal': {
    means: '这是一个人为设置的故障。',
    action: '请联系服务器管理员在日志中查找该任务，解决后继续。',
  },
  'SimulatedFault.timeout': {
    means: '这是一个人为设置的故障。',
    action: '请在该步骤的消息中查看它在等待什么，解决后继续。',
  },
  'SimulatedFault.cancelled': { means: '这是一个人为设置的故障。', action: '可以从停止处继续，或删除已创建的内容。' },
}
