# SPDX-License-Identifier: LGPL-2.1-or-later
_genos_signald() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  case $prev in
    --tls-cert | --tls-key) COMPREPLY=($(compgen -f -- "$cur")) ;;
    -l | --listen) COMPREPLY=($(compgen -W '127.0.0.1:7712 0.0.0.0:7712 [::]:7712' -- "$cur")) ;;
    --origin) COMPREPLY=($(compgen -W '* null https://' -- "$cur")) ;;
    --name | --max-connections | --max-per-address | --rate | --address-rate | --max-message) ;;
    *)
      COMPREPLY=($(compgen -W '--listen --tls-cert --tls-key --no-tls --origin --name
        --max-connections --max-per-address --rate --address-rate --max-message --help
        --version' -- "$cur"))
      ;;
  esac
}
complete -o filenames -F _genos_signald genos-signald
