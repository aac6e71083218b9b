#include "appliance/appliance.h"
#include "base/proc.h"
#include "options.h"

int main(int argc, char **argv)
{
	int status = cli_main(&guest_tool, argc, argv);

	/* All is cleaned up: end as if the signal had done it. A result that is whole stays one. */
	if (status != 0)
		proc_die_of(appliance_signal());
	return status;
}
