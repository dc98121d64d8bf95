"""The other end of a signed webhook: a partner with a secret, who posts customers' messages and takes replies."""
