/*
 * Keys of the role that a container or a machine runs under, from whoever hands them
 * out there. Each answers 0 with keys; 1 when there is nobody to ask; or an error.
 *
 * (Source: AWS SDKs and Tools Reference Guide, "Container credential provider", "IMDS
 * credential provider".)
 */
#ifndef ZLLM_AWS_ROLE_H
#define ZLLM_AWS_ROLE_H

struct err;
struct s3_credentials;

/* AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI; the latter over https, or to
 * this machine and the addresses that ECS and EKS use. */
int aws_role_container(struct s3_credentials **out, struct err *err);

/* IMDSv2, with short time-outs: most machines have none. */
int aws_role_machine(struct s3_credentials **out, struct err *err);

#endif
