// placeholder until the generator runs
export const CONTAINERD_PROFILE = '{"defaultAction":"SCMP_ACT_ALLOW"}';
