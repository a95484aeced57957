module declaw.dev/envd

go 1.19
