/** How `flamelet check` is used. */
export const CHECK_HELP = `  flamelet check [--list] [path…]
      Says what flamelet/register and the bundler plugins would refuse or warn of, without running or building anything,
      in the modules at the paths, or in all below this folder. Exits with 1 when anything is refused.
        --list   also says which functions run remotely, and what each of them captures
`;
