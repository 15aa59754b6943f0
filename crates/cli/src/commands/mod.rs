//! What people type: one file per command.

mod approvals;
mod audit;
mod check;
mod connect;
mod data;
mod detokenise;
mod exec;
mod explain;
mod host_keys;
mod keys;
mod login;
mod logout;
mod ls;
mod policy;
mod proxy;
mod scan;
mod serve;
pub(crate) mod sessions;
mod ssh_certificate;
mod ssh_config;
mod status;
mod token;
mod verify;
mod whoami;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The end of `sluice --help`.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the answer is no: refused by policy, denied, a check failed, a recording does not verify
  2  asked wrongly, or a configuration is wrong
  3  nobody is signed in, or the sign-in is no longer good
  4  the gateway, a provider or a target could not be reached or could not do its part

Environment:
  SLUICE_URL    the gateway's web address, in place of --url
  SLUICE_CA     a PEM file with the authority of its certificate, in place of --ca
  SLUICE_TOKEN  a token to show in place of a sign-in (machines, CI)
  SLUICE_CONFIG the configuration file, in place of --config
  SLUICE_LOG    what `sluice serve` logs: error, warn, info, debug, or per room
  NO_COLOR      no colour, also on a terminal";

/// An access gateway on the data path: it knows who asks, understands what is asked, and decides it
/// before the target sees it.
#[derive(Parser)]
#[command(name = "sluice", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
#[command(subcommand_required = true, arg_required_else_help = true)]
enum Command {
    Demo(crate::demo::Args),
    Serve(serve::Args),
    Check(check::Args),
    Explain(explain::Args),
    Policy(policy::Args),
    Login(login::Args),
    Logout(logout::Args),
    Whoami(whoami::Args),
    Ls(ls::Args),
    Connect(connect::Args),
    Proxy(proxy::Args),
    Exec(exec::Args),
    SshConfig(ssh_config::Args),
    SshCertificate(ssh_certificate::Args),
    Scan(scan::Args),
    Detokenise(detokenise::Args),
    Data(data::Args),
    Approvals(approvals::Args),
    Sessions(sessions::Args),
    Audit(audit::Args),
    Verify(verify::Args),
    Status(status::Args),
    Keys(keys::Args),
    Token(token::Args),
    HostKeys(host_keys::Args),
}

/// Runs what was typed.
pub(crate) fn run(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        Command::Demo(args) => crate::demo::run(args),
        Command::Serve(args) => serve::run(args),
        Command::Check(args) => check::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Policy(args) => policy::run(args),
        Command::Login(args) => login::run(args),
        Command::Logout(args) => logout::run(args),
        Command::Whoami(args) => whoami::run(args),
        Command::Ls(args) => ls::run(args),
        Command::Connect(args) => connect::run(args),
        Command::Proxy(args) => proxy::run(args),
        Command::Exec(args) => exec::run(args),
        Command::SshConfig(args) => ssh_config::run(&args),
        Command::SshCertificate(args) => ssh_certificate::run(&args),
        Command::Scan(args) => scan::run(args),
        Command::Detokenise(args) => detokenise::run(&args),
        Command::Data(args) => data::run(&args),
        Command::Approvals(args) => approvals::run(args),
        Command::Sessions(args) => sessions::run(args),
        Command::Audit(args) => audit::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Status(args) => status::run(args),
        Command::Keys(args) => keys::run(args),
        Command::Token(args) => token::run(args),
        Command::HostKeys(args) => host_keys::run(&args),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_examples_and_every_option_has_help() {
        fn walk(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            let has_children = command.get_subcommands().next().is_some();
            if has_children {
                for child in command.get_subcommands().filter(|child| child.get_name() != "help") {
                    walk(child, &path);
                }
            } else {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(
                    help.contains("Examples:") && help.contains("  sluice"),
                    "{path} has no examples"
                );
            }
            assert!(command.get_about().is_some(), "{path} does not say what it does");
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{path}: {} has no help", argument.get_id());
            }
        }
        walk(&Cli::command(), "");
    }

    #[test]
    fn every_command_and_option_is_in_the_manual() {
        fn walk(command: &clap::Command, path: &str, manual: &str) {
            let path = format!("{path} {}", command.get_name()).trim().to_owned();
            assert!(manual.contains(&format!("`{path}")), "docs/cli.md does not know `{path}`");
            for argument in command.get_arguments().filter_map(clap::Arg::get_long) {
                let known = manual.contains(&format!("`--{argument}"));
                assert!(known, "docs/cli.md does not know --{argument} of {path}");
            }
            for child in command.get_subcommands().filter(|child| child.get_name() != "help") {
                walk(child, &path, manual);
            }
        }
        let manual = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md");
        let manual = std::fs::read_to_string(manual).unwrap();
        walk(&Cli::command(), "", &manual);
    }
}
