using NetHook.Cli;

using var interruption = new Interruption();
int code = Tool.Run(args, ToolContext.ForThisProcess(interruption.Token));
return code == Tool.Interrupted ? interruption.ExitCode : code;
